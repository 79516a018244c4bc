import { Decide } from './decide.js';
import { html } from './dom.js';
import { Loaded, Notice, Time } from './parts.js';
import { useAnswer } from './state.js';

/** What could not be read, and reading it again. */
export function DeadLetters() {
  const answer = useAnswer('/dead-letters?limit=200');
  return html`<h1>Dead letters</h1>
    <p class="quiet">Genuine deliveries that could not be read. Replay one after its source or its configuration was put right.</p>
    <${Loaded} answer=${answer}>${({ deadLetters, next }) =>
      deadLetters.length === 0
        ? html`<${Notice}>Everything could be read.<//>`
        : html`<ul class="cards">${deadLetters.map((letter) => html`<${Letter} key=${letter.id} letter=${letter} />`)}</ul>
            ${next && html`<${Notice}>There are more; these are the newest.<//>`}`}<//>`;
}

function Letter({ letter: { id, source, faults, tries, receivedAt } }) {
  return html`<li class="card">
    <div class="card-main"><strong>${source}</strong> <code>${id}</code>
      <ul>${faults.map((fault) => html`<li key=${fault}>${fault}</li>`)}</ul></div>
    <div class="card-side quiet"><span>came ${tries}×</span> <${Time} at=${receivedAt} /></div>
    <div class="buttons"><${Decide} label="Replay" title=${`Replay ${id}`} role="operator" reason="none"
      text="It is read again, as if it came now." path=${`/dead-letters/${encodeURIComponent(id)}/replay`} told=${tellReplay} /></div>
  </li>`;
}

/** @param {{ status: string, faults?: string[] }} answer */
function tellReplay({ status, faults = [] }) {
  if (status === 'dead-letter') return `It still cannot be read: ${faults.join('; ')}.`;
  return status === 'ignored' ? 'Read: it is not about leavers.' : 'Read: it is an intent now.';
}
