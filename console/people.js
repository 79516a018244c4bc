import { useState } from 'preact/hooks';
import { Decide } from './decide.js';
import { html } from './dom.js';
import { Decisions } from './held.js';
import { OutcomeLine } from './outcome.js';
import { Failure, IntentTable, intentPath, Loaded, Person, Status, Time } from './parts.js';
import { useAnswer } from './state.js';

const userIdTypes = [
  'email',
  'external_id',
  'user_id',
  'phone',
  'username',
  'identity',
  'sync_relation',
  'custom_field',
];

const statuses = ['', 'pending', 'scheduled', 'held', 'settled', 'failed'];

/** Intents: of a person, a source or a set, by status. @param {{ query: URLSearchParams }} props */
export function Intents({ query }) {
  const answer = useAnswer(`/intents?${query}`);
  const person = query.get('person');
  const [narrowed] = ['source', 'set'].filter((name) => query.has(name));
  const withStatus = (status) =>
    `#/intents?${new URLSearchParams([...keep(query, ['source', 'set']), ...status])}`;
  const more = (next) => `#/intents?${new URLSearchParams([...drop(query, ['cursor']), ['cursor', next]])}`;
  return html`<h1>People</h1>
    <${Search} given=${person} />
    ${narrowed && html`<p>Of the ${narrowed} <code>${query.get(narrowed)}</code>. <a href="#/intents">Of all</a></p>`}
    <nav class="choices" aria-label="Status">
      ${statuses.map(
        (status) =>
          html`<a key=${status} href=${withStatus(status ? [['status', status]] : [])}
            aria-current=${(query.get('status') ?? '') === status && !person ? 'page' : undefined}>${status || 'all'}</a>`,
      )}
    </nav>
    <${Loaded} answer=${answer}>${({ intents, next }) => html`
      <${IntentTable} intents=${intents} empty=${person ? `Nothing is known of ${person}.` : 'There are none.'} />
      ${next && html`<p><a href=${more(next)}>Older</a></p>`}
      ${person && intents.length > 0 && html`<${Erase} person=${person} />`}`}<//>`;
}

const keep = (query, names) => [...query].filter(([name]) => names.includes(name));
const drop = (query, names) => [...query].filter(([name]) => !names.includes(name));

/** What is typed stays when the page is drawn again, because something happened meanwhile. */
function Search({ given }) {
  const [[, type, value]] = useState(() => /^([a-z_]+):(.*)$/s.exec(given ?? '') ?? ['', 'email', '']);
  const search = (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    const person = `${form.get('type')}:${String(form.get('who')).trim()}`;
    location.hash = `#/intents?${new URLSearchParams({ person })}`;
  };
  return html`<form class="search" role="search" onSubmit=${search}>
    <label>Identifier
      <select name="type">${userIdTypes.map((one) => html`<option key=${one} selected=${one === type}>${one}</option>`)}</select>
    </label>
    <label class="grow">Value <input name="who" type="search" required defaultValue=${value} autocomplete="off" /></label>
    <button class="primary">Search</button>
  </form>`;
}

/** What an approver may do when somebody asks to be forgotten. */
function Erase({ person }) {
  if (person === erased) return null;
  return html`<div class="buttons"><${Decide} label="Erase" title=${`Erase ${person}`} role="approver" reason="none" danger
    path=${`/people/${encodeURIComponent(person)}/erase`} told=${tellErasure}
    text="Takes what is personal out of their settled intents, outcomes and dead letters. That it was done is recorded, and by whom. It cannot be undone." /></div>`;
}

/** What the API shows in the place of a text that was erased. */
const erased = 'erased';

function tellErasure({ intents, outcomes, deadLetters, unsealed, openDeadLetters }) {
  const left = [
    unsealed > 0 && `${unsealed} older outcomes stay until they are pruned`,
    openDeadLetters.length > 0 && `these dead letters seem to name them: ${openDeadLetters.join(', ')}`,
  ].filter(Boolean);
  const done = `Erased from ${intents} intents, ${outcomes} outcomes and ${deadLetters} dead letters`;
  return `${[done, ...left].join('; ')}.`;
}

/** One intent with its whole history. */
export function Intent({ id }) {
  const answer = useAnswer(`/intents/${encodeURIComponent(id)}`);
  return html`<${Loaded} answer=${answer}>${(intent) => html`
    <h1>${intent.action} <${Person} intent=${intent} /></h1>
    <p><${Status} status=${intent.status} /> <${Failure} failure=${intent.failure} /></p>
    <${Decisions} intent=${intent} />
    <div class="columns">
      <section><h2>History</h2><ol class="timeline">
        <li><${Time} at=${intent.receivedAt} /><div>received from <b>${intent.source}</b>
          ${intent.actor && html` asked by <b>${intent.actor}</b>`} ${intent.reason && html`<p class="quiet">${intent.reason}</p>`}</div></li>
        ${historyOf(intent)}
      </ol></section>
      <section><h2>Facts</h2><dl>${factsOf(intent).map(([name, value]) => html`<dt key=${name}>${name}</dt><dd key=${`${name}:`}>${value}</dd>`)}</dl></section>
    </div>
    ${intent.person !== erased && html`<p><a href=${`#/intents?${new URLSearchParams({ person: firstOf(intent) })}`}>Everything about this person</a></p>`}`}<//>`;
}

const firstOf = ({ identifiers: [{ userIdType, userId }] }) => `${userIdType}:${userId}`;

/** What was published of it and what was decided about it, by time. */
const historyOf = ({ outcomes, decisions: decided }) =>
  [
    ...outcomes.map((outcome) => [
      outcome.time,
      html`<${OutcomeLine} key=${outcome.id} outcome=${outcome} />`,
    ]),
    ...decided.map(({ by, at, verdict, reason }) => [
      at,
      html`<li><${Time} at=${at} /><div>${verdict} by <b>${by}</b>${reason && html`<p class="quiet">${reason}</p>`}</div></li>`,
    ]),
  ]
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, line]) => line);

const Link = ({ id }) => html`<a href=${intentPath(id)}>${id}</a>`;

const factsOf = (intent) =>
  [
    ['Intent', intent.id],
    ['Identifiers', intent.identifiers.map(({ userIdType, userId }) => `${userIdType}:${userId}`).join(' ')],
    ['Subject', intent.subject],
    ['Event', intent.eventId],
    ['Occurred', intent.occurredAt && html`<${Time} at=${intent.occurredAt} />`],
    ['Effective', intent.effectiveAt && html`<${Time} at=${intent.effectiveAt} />`],
    ['Next try', intent.dueAt && html`<${Time} at=${intent.dueAt} />`],
    ['Tries', intent.attempts],
    ['GenAuth id', intent.seenUserId],
    [
      'Answer',
      intent.answer &&
        [intent.answer.statusCode, intent.answer.apiCode, intent.answer.message].filter(Boolean).join(' '),
    ],
    ['Claimed by sender', intent.requestedBy],
    ['Retry of', intent.retryOf && html`<${Link} id=${intent.retryOf} />`],
    ['Brought by', intent.broughtBy && html`<${Link} id=${intent.broughtBy} />`],
  ].filter(([, value]) => value !== null && value !== '' && value !== undefined);
