import { html } from './dom.js';
import { Failure, intentPath, Status, Time } from './parts.js';

/** One line of the trail. */
export function OutcomeLine({ outcome: { time, type, subject, data }, linked = false }) {
  const what = data.intentId
    ? html`<span class="who">${subject}</span>`
    : html`<span>${[data.reference, data.verdict].filter(Boolean).join(' ')} ${data.actor && `by ${data.actor}`}</span>`;
  const confirmed = { true: 'confirmed', false: 'not confirmed' }[data.confirmed];
  return html`<li>
    <${Time} at=${time} />
    <div>
      ${data.status ? html`<strong>${data.action}</strong> <${Status} status=${data.status} />` : html`<code>${type}</code>`}
      ${' '}${linked && data.intentId ? html`<a href=${intentPath(data.intentId)}>${what}</a>` : what}
      ${data.source && html`<span class="quiet"> from ${data.source}</span>`}
      ${confirmed && html`<span class="quiet"> ${confirmed}</span>`}
      ${data.mergedWith && html`<span class="quiet"> the work was <a href=${intentPath(data.mergedWith)}>done already</a></span>`}
      <${Failure} failure=${data.failure} />
      ${!data.intentId && data.reason && html`<p class="quiet">${data.reason}</p>`}
    </div>
  </li>`;
}
