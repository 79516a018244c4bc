import { useState } from 'preact/hooks';
import { Chart } from './chart.js';
import { html } from './dom.js';
import { Decide, Failure, IntentTable, Loaded, Notice, Status, Time } from './parts.js';
import { useAnswer, useBridge } from './state.js';

/** What is going on: how much waits, what is wrong, what has just happened. */
export function Now() {
  const { outcomes, complete } = useBridge();
  const answer = useAnswer('/status');
  return html`<h1>Now</h1>
    <${Loaded} answer=${answer}>${(status) => html`<${Figures} ...${status.figures} /><${Troubles} ...${status} />`}<//>
    <${Chart} outcomes=${outcomes} complete=${complete} />
    <section aria-labelledby="feed-title">
      <h2 id="feed-title">Latest outcomes</h2>
      ${outcomes.length === 0 && html`<${Notice}>Nothing has happened yet.<//>`}
      <ol class="feed" aria-live="polite">
        ${outcomes
          .slice(-30)
          .reverse()
          .map((outcome) => html`<${OutcomeLine} key=${outcome.id} outcome=${outcome} linked />`)}
      </ol>
    </section>`;
}

function Figures({ due, scheduled, held, deadLetters, oldestDueAt }) {
  const tiles = [
    ['Due', due, '#/intents?status=pending', oldestDueAt && html`oldest since <${Time} at=${oldestDueAt} />`],
    ['Scheduled', scheduled, '#/intents?status=scheduled'],
    ['Held', held, '#/held', held > 0 && 'wait for a person'],
    ['Dead letters', deadLetters, '#/dead-letters', deadLetters > 0 && 'could not be read'],
  ];
  return html`<ul class="tiles">
    ${tiles.map(
      ([name, value, href, more]) => html`<li key=${name}>
        <a href=${href}><span>${name}</span><b>${value}</b><small>${more}</small></a>
      </li>`,
    )}
  </ul>`;
}

function Troubles({ degraded, pauses }) {
  const isPaused = pauses.some(({ scope }) => scope === 'all');
  return html`<div class="troubles">
    ${degraded.map(({ code, message }) => html`<p key=${code + message} class="trouble"><code>${code}</code> ${message}</p>`)}
    ${pauses.map(
      ({ scope, by, at, reason }) => html`<p key=${scope} class="trouble">
        <span><b>${scope}</b> paused by ${by} <${Time} at=${at} /> ${reason}</span>
        <${Decide} label="Resume" title=${`Resume ${scope}`} path="/resume" role="operator" body=${{ scope }} />
      </p>`,
    )}
    ${
      !isPaused &&
      html`<${Decide} label="Pause everything" title="Stop acting on everybody; taking in goes on"
        path="/pause" role="operator" danger body=${{ scope: 'all' }} />`
    }
  </div>`;
}

function OutcomeLine({ outcome: { time, type, subject, data }, linked = false }) {
  const what = data.intentId
    ? html`<span class="who">${subject}</span>`
    : html`<span>${[data.reference, data.verdict].filter(Boolean).join(' ')} ${data.actor && `by ${data.actor}`}</span>`;
  const confirmed =
    data.confirmed === null || data.confirmed === undefined
      ? ''
      : data.confirmed
        ? 'confirmed'
        : 'not confirmed';
  return html`<li>
    <${Time} at=${time} />
    <div>
      ${data.status ? html`<strong>${data.action}</strong> <${Status} status=${data.status} />` : html`<code>${type}</code>`}
      ${' '}${linked && data.intentId ? html`<a href=${`#/intents/${encodeURIComponent(data.intentId)}`}>${what}</a>` : what}
      ${data.source && html`<span class="quiet"> from ${data.source}</span>`}
      ${confirmed && html`<span class="quiet"> ${confirmed}</span>`}
      <${Failure} failure=${data.failure} />
      ${!data.intentId && data.reason && html`<p class="quiet">${data.reason}</p>`}
    </div>
  </li>`;
}

export function Held() {
  const answer = useAnswer('/intents?status=held&limit=200');
  return html`<h1>Held</h1>
    <p class="quiet">These wait for a person. A release waives the reason for which one is held, and nothing else.</p>
    <${Loaded} answer=${answer}>${({ intents, next }) =>
      html`<${IntentTable} intents=${intents} empty="Nobody is held." actions=${decisions} />
        ${next && html`<${Notice}>There are more; these are the newest.<//>`}`}<//>`;
}

const decisions = (intent) => {
  const who = `${intent.action} ${intent.userIdType}:${intent.userId}`;
  const path = `/intents/${encodeURIComponent(intent.id)}`;
  const canCancel = ['held', 'scheduled', 'pending'].includes(intent.status);
  return html`<div class="buttons">
    ${intent.status === 'held' && html`<${Decide} label="Release" title=${`Release: ${who}`} path=${`${path}/approve`} role="approver" />`}
    ${canCancel && html`<${Decide} label="Cancel" title=${`Cancel: ${who}`} path=${`${path}/cancel`} role="operator" danger />`}
    ${
      ['failed', 'canceled', 'simulated'].includes(intent.status) &&
      html`<${Decide} label="Retry" title=${`Ask again: ${who}`} path=${`${path}/retry`} role="operator" hasReason=${false} />`
    }
  </div>`;
};

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

/** @param {{ query: URLSearchParams }} props */
export function Intents({ query }) {
  const person = query.get('person');
  const [given] = useState(() => /^([a-z_]+):(.*)$/s.exec(person ?? '') ?? ['', 'email', '']);
  const answer = useAnswer(`/intents?${query}`);
  const search = (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    location.hash = `#/intents?${new URLSearchParams({ person: `${form.get('type')}:${String(form.get('who')).trim()}` })}`;
  };
  const more = (next) =>
    `#/intents?${new URLSearchParams([...[...query].filter(([name]) => name !== 'cursor'), ['cursor', next]])}`;
  return html`<h1>People</h1>
    <form class="search" role="search" onSubmit=${search}>
      <label>Identifier
        <select name="type">${userIdTypes.map((type) => html`<option selected=${type === given[1]}>${type}</option>`)}</select>
      </label>
      <label class="grow">Value <input name="who" type="search" required value=${given[2]} autocomplete="off" /></label>
      <button class="primary">Search</button>
    </form>
    <nav class="choices" aria-label="Status">
      ${['', 'pending', 'scheduled', 'held', 'settled', 'failed'].map(
        (status) =>
          html`<a key=${status} href=${status ? `#/intents?status=${status}` : '#/intents'}
            aria-current=${(query.get('status') ?? '') === status && !person ? 'page' : undefined}>${status || 'all'}</a>`,
      )}
    </nav>
    <${Loaded} answer=${answer}>${({ intents, next }) =>
      html`<${IntentTable} intents=${intents} empty=${person ? `Nothing is known of ${person}.` : 'There are none.'} />
        ${next && html`<p><a href=${more(next)}>Older</a></p>`}`}<//>`;
}

/** One intent with its whole history. */
export function Intent({ id }) {
  const answer = useAnswer(`/intents/${id}`);
  return html`<${Loaded} answer=${answer}>${(intent) => html`
    <h1>${intent.action} <span class="who">${intent.userIdType}:${intent.userId}</span></h1>
    <p><${Status} status=${intent.status} /> <${Failure} failure=${intent.failure} /></p>
    ${decisions(intent)}
    <div class="columns">
      <section><h2>History</h2><ol class="timeline">
        <li><${Time} at=${intent.receivedAt} /><div>received from <b>${intent.source}</b>
          ${intent.actor && html` asked by <b>${intent.actor}</b>`} ${intent.reason && html`<p class="quiet">${intent.reason}</p>`}</div></li>
        ${historyOf(intent)}
      </ol></section>
      <section><h2>Facts</h2><dl>${factsOf(intent).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl></section>
    </div>
    <p><a href=${`#/intents?person=${encodeURIComponent(intent.person)}`}>Everything about this person</a></p>`}<//>`;
}

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
    ['Retry of', intent.retryOf],
    ['Brought by', intent.broughtBy],
  ].filter(([, value]) => value !== null && value !== '' && value !== undefined);

export function DeadLetters() {
  const answer = useAnswer('/dead-letters?limit=200');
  return html`<h1>Dead letters</h1>
    <p class="quiet">Genuine deliveries that could not be read. Replay one after its source or its configuration was put right.</p>
    <${Loaded} answer=${answer}>${({ deadLetters }) =>
      deadLetters.length === 0
        ? html`<${Notice}>Everything could be read.<//>`
        : html`<ul class="cards">${deadLetters.map(
            (letter) => html`<li key=${letter.id} class="card">
              <div class="card-main"><strong>${letter.source}</strong> <code>${letter.id}</code>
                <ul>${letter.faults.map((fault) => html`<li>${fault}</li>`)}</ul></div>
              <div class="card-side quiet"><span>came ${letter.tries}×</span> <${Time} at=${letter.receivedAt} /></div>
              <div class="buttons"><${Decide} label="Replay" title=${`Read ${letter.id} again`} role="operator" hasReason=${false}
                path=${`/dead-letters/${encodeURIComponent(letter.id)}/replay`} /></div>
            </li>`,
          )}</ul>`}<//>`;
}

export function Sources() {
  const answer = useAnswer('/sources');
  return html`<h1>Sources</h1>
    <${Loaded} answer=${answer}>${({ sources }) => html`<div class="scroll"><table>
      <thead><tr><th>Source</th><th>Last delivery</th><th>Deliveries since the start</th><th>Errors</th><th>Silent</th></tr></thead>
      <tbody>${sources.map(
        (source) => html`<tr key=${source.id}>
          <th scope="row"><a href=${`#/intents?source=${encodeURIComponent(source.id)}`}>${source.id}</a></th>
          <td><${Time} at=${source.lastDeliveryAt} /></td>
          <td>${Object.entries(source.receipts).map(([kind, n]) => html`<span class="receipt">${kind} <b>${n}</b></span> `)}</td>
          <td class=${source.errorRate > 0 ? 'bad' : ''}>${(source.errorRate * 100).toFixed(source.errorRate < 0.1 ? 1 : 0)} %</td>
          <td class=${source.silent ? 'bad' : ''}>${source.silent === null ? '–' : source.silent ? 'yes' : 'no'}</td>
        </tr>`,
      )}</tbody></table></div>`}<//>`;
}
