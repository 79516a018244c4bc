import { Decide } from './decide.js';
import { html } from './dom.js';
import { Day, IntentTable, intentPath, Loaded, Notice, Person, people, Time } from './parts.js';
import { useAnswer, useBridge } from './state.js';

/** What waits for a person: sets that are decided as one, and what is held alone. */
export function Held() {
  const sets = useAnswer('/held?limit=200');
  const intents = useAnswer('/intents?status=held&limit=200');
  return html`<h1>Held</h1>
    <p class="quiet">These wait for a person. A release waives the reason for which they are held, and nothing else.</p>
    <${Loaded} answer=${sets}>${({ held, next }) => html`
      <${Together} sets=${held.filter(({ waiting }) => waiting > 1)} />
      <${Loaded} answer=${intents}>${(page) =>
        html`<${Alone} held=${held} intents=${page.intents} isWhole=${next === null && page.next === null} />`}<//>`}<//>`;
}

function Together({ sets }) {
  if (sets.length === 0) return null;
  return html`<h2>Together</h2><ul class="cards">${sets.map((set) => html`<${SetCard} key=${set.id} set=${set} />`)}</ul>`;
}

/** Sets of one, and what is in no set, because only whoever asked can confirm it. */
function Alone({ held, intents, isWhole }) {
  const ones = held.filter(({ waiting }) => waiting === 1).flatMap(({ sample }) => sample);
  const alone = [...ones, ...intents.filter(({ heldSet }) => heldSet === null)].sort((a, b) =>
    a.receivedAt < b.receivedAt ? 1 : -1,
  );
  if (held.length === 0 && alone.length === 0) return html`<${Notice}>Nobody is held.<//>`;
  return html`${alone.length > 0 && html`<h2>Alone</h2><${IntentTable} intents=${alone} actions=${Decisions} />`}
    ${!isWhole && html`<${Notice}>There are more; these are the newest.<//>`}`;
}

/** One set: what it is, who is in it, and the decision about all of it. */
export function SetCard({ set }) {
  const { id, source, action, code, actor, day, since, waiting, size, sample } = set;
  return html`<li class="card set">
    <div class="card-main">
      <h3>${action} ${people(waiting)} <span class="quiet">from</span> ${source} ${day && html`<span class="quiet">on</span> <${Day} at=${day} />`}</h3>
      <p><code>${code}</code> ${common(sample, ({ failure }) => failure?.message)}</p>
      <p>${common(sample, ({ reason }) => reason)}</p>
      <p class="quiet">held since <${Time} at=${since} />${actor && `, asked by ${actor}`}${size > waiting && `, ${waiting} of ${size} still wait`}</p>
      <ul class="sample" aria-label="Some of them">
        ${sample.map((one) => html`<li key=${one.id}><a href=${intentPath(one.id)}><${Person} intent=${one} /></a></li>`)}
      </ul>
      <a href=${`#/intents?${new URLSearchParams({ set: id, status: 'held' })}`}>All ${people(waiting)}</a>
    </div>
    <${SetDecisions} set=${set} />
  </li>`;
}

/** What all that are shown say alike; nothing where they differ. */
function common(sample, read) {
  const said = new Set(sample.map(read));
  return said.size === 1 ? [...said][0] : null;
}

/** What comes of a release. */
const tellRelease = (action, day) =>
  ({
    resign: `Every other check is made again. Who passes is resigned${day ? ' on that day' : ''}, and that cannot be undone.`,
    kick: 'Every other check is made again. Who passes is signed out.',
  })[action];

function SetDecisions({ set: { id, source, action, actor, day, waiting, decision } }) {
  const isOwn = useBridge().isMe(actor);
  if (decision)
    return html`<p class="quiet">${decision.verdict} by ${decision.by}; it is being carried out</p>`;
  const facts = { role: 'approver', reason: 'required', body: { count: waiting } };
  const what = `${people(waiting)}: ${action}, from ${source}${day ? `, on ${day}` : ''}`;
  const told = (verdict) => (answer) =>
    `${verdict}: ${people(waiting)}${answer.waiting > 0 ? `; ${answer.waiting} still wait` : ''}.`;
  return html`<div class="buttons">
    ${isOwn && html`<${Own} />`}
    ${
      !isOwn &&
      html`<${Decide} label=${`Release ${people(waiting)}`} title=${`Release ${what}`}
        path=${`/held/${encodeURIComponent(id)}/release`} text=${tellRelease(action, day)} told=${told('Released')} ...${facts} />`
    }
    <${Decide} label=${`Cancel ${people(waiting)}`} title=${`Cancel ${what}`} danger
      path=${`/held/${encodeURIComponent(id)}/cancel`} text="Nothing is done to them." told=${told('Canceled')} ...${facts} />
  </div>`;
}

const Own = () => html`<span class="quiet">You asked for it: somebody else has to release it.</span>`;

/** What a person may decide about one intent as it stands. Nothing is offered that would be refused. */
export function Decisions({ intent }) {
  const { id, action, userIdType, userId, status, actor, failure, person } = intent;
  const isOwn = useBridge().isMe(actor);
  const who = `${action} ${userIdType}:${userId}`;
  const path = `/intents/${encodeURIComponent(id)}`;
  const isHeld = status === 'held';
  const isUnconfirmed = isHeld && failure?.code === 'needs_confirmation';
  const canRetry = ['failed', 'canceled', 'simulated'].includes(status) && person !== 'erased';
  return html`<div class="buttons">
    ${isUnconfirmed && html`<span class="quiet">Only whoever asked can confirm it.</span>`}
    ${isHeld && !isUnconfirmed && isOwn && html`<${Own} />`}
    ${
      isHeld &&
      !isUnconfirmed &&
      !isOwn &&
      html`<${Decide} label="Release" title=${`Release: ${who}`} path=${`${path}/approve`} role="approver"
        text=${tellRelease(action)} told=${() => `Released: ${who}.`} />`
    }
    ${
      (isHeld || status === 'scheduled' || status === 'pending') &&
      html`<${Decide} label="Cancel" title=${`Cancel: ${who}`} path=${`${path}/cancel`} role="operator" danger
        told=${() => `Canceled: ${who}.`} />`
    }
    ${
      canRetry &&
      html`<${Decide} label="Retry" title=${`Retry: ${who}`} path=${`${path}/retry`} role="operator" reason="none"
        text="A new intent, which passes every check again." told=${() => `Asked for again: ${who}.`} />`
    }
  </div>`;
}
