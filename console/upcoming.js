import { html } from './dom.js';
import { SetCard } from './held.js';
import { Day, IntentTable, Loaded, Notice, people } from './parts.js';
import { useAnswer, usePages } from './state.js';

/** Leavers that are looked at for the days to come. */
const most = 5_000;

/** Who leaves when, by days of UTC, and what holds them. */
export function Upcoming() {
  const answer = usePages('/intents?status=scheduled,held', { name: 'intents', most });
  const sets = useAnswer('/held?limit=200');
  return html`<h1>Upcoming</h1>
    <p class="quiet">Leavers by the day, in UTC, on which they are resigned. A day that is held can be released beforehand.</p>
    <${Loaded} answer=${answer}>${({ intents, next }) =>
      html`<${Loaded} answer=${sets}>${({ held }) => html`
      ${next && html`<${Notice}>There are more than ${most}; the command <code>upcoming</code> lists all.<//>`}
      <${Days} intents=${intents} sets=${held} />`}<//>`}<//>`;
}

function Days({ intents, sets }) {
  const leavers = intents.filter((one) => one.action === 'resign' && dateOf(one) !== '').sort(byDate);
  if (leavers.length === 0) return html`<${Notice}>Nobody leaves on a day that is known.<//>`;
  const days = [...Map.groupBy(leavers, (one) => dateOf(one).slice(0, 10))];
  return days.map(([day, those]) => html`<${LeavingDay} key=${day} ...${{ day, those, sets }} />`);
}

const byDate = (a, b) => (dateOf(a) < dateOf(b) ? -1 : 1);

/** When it is done; empty for what is held and has no date to come. */
function dateOf({ status, dueAt, effectiveAt }) {
  if (status === 'scheduled') return effectiveAt ?? dueAt ?? '';
  return effectiveAt !== null && Date.parse(effectiveAt) > Date.now() ? effectiveAt : '';
}

function LeavingDay({ day, those, sets }) {
  const scheduled = those.filter(({ status }) => status === 'scheduled');
  const held = those.filter(({ status }) => status === 'held');
  const shown = sets.filter(({ id }) => held.some(({ heldSet }) => heldSet === id));
  const rest = held.filter(({ heldSet }) => !shown.some(({ id }) => id === heldSet));
  return html`<section aria-labelledby=${`day-${day}`}>
    <h2 id=${`day-${day}`}><${Day} at=${day} /></h2>
    ${shown.length > 0 && html`<ul class="cards">${shown.map((set) => html`<${SetCard} key=${set.id} set=${set} />`)}</ul>`}
    ${rest.length > 0 && html`<${Leavers} intents=${rest} word="held" />`}
    ${scheduled.length > 0 && html`<${Leavers} intents=${scheduled} word="scheduled" />`}
  </section>`;
}

function Leavers({ intents, word }) {
  return html`<details><summary>${people(intents.length)} ${word}</summary><${IntentTable} intents=${intents} /></details>`;
}
