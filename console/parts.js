import { html } from './dom.js';

/** A time, in the reader's own zone; the exact one on demand. */
export function Time({ at }) {
  if (!at) return html`<span class="quiet">–</span>`;
  const date = new Date(at);
  const isToday = date.toDateString() === new Date().toDateString();
  const shown = isToday ? date.toLocaleTimeString() : date.toLocaleString();
  return html`<time datetime=${at} title=${at}>${shown}</time>`;
}

/** A day of UTC, as sets of what is held have it. @param {{ at: string }} props `YYYY-MM-DD` */
export function Day({ at }) {
  const shown = new Date(at).toLocaleDateString(undefined, { dateStyle: 'full', timeZone: 'UTC' });
  return html`<time datetime=${at} title=${`${at}, a day of UTC`}>${shown}</time>`;
}

export const people = (count) => (count === 1 ? '1 person' : `${count} people`);

export function Status({ status }) {
  return html`<span class=${`status is-${status}`}>${status}</span>`;
}

export function Failure({ failure }) {
  return failure ? html`<span class="failure"><code>${failure.code}</code> ${failure.message}</span>` : null;
}

export function Notice({ role = undefined, children }) {
  return html`<p class="notice" role=${role}>${children}</p>`;
}

/** An answer that is on its way, failed, or has come. */
export function Loaded({ answer, children }) {
  if (answer.error) return html`<${Notice} role="alert">${answer.error}<//>`;
  return answer.data ? children(answer.data) : html`<p class="quiet">…</p>`;
}

export const intentPath = (id) => `#/intents/${encodeURIComponent(id)}`;

export function Person({ intent }) {
  return html`<span class="who">${intent.userIdType}:${intent.userId}</span>`;
}

export function IntentTable({ intents, empty = '', actions = null }) {
  if (intents.length === 0) return html`<${Notice}>${empty}<//>`;
  return html`<ul class="cards">
    ${intents.map(
      (intent) => html`<li key=${intent.id} class="card">
        <div class="card-main">
          <a href=${intentPath(intent.id)}><strong>${intent.action}</strong> <${Person} intent=${intent} /></a>
          <${Status} status=${intent.status} />
          <${Failure} failure=${intent.failure} />
        </div>
        <div class="card-side quiet">
          <span>from ${intent.source}</span> <${Time} at=${intent.receivedAt} />
          ${intent.dueAt && intent.status === 'scheduled' && html`<span>due <${Time} at=${intent.dueAt} /></span>`}
        </div>
        ${actions && html`<${actions} intent=${intent} />`}
      </li>`,
    )}
  </ul>`;
}
