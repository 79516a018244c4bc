import { html } from './dom.js';
import { Loaded, Time } from './parts.js';
import { useAnswer } from './state.js';

const columns = ['Source', 'Last delivery', 'Expected', 'Connected', 'Errors', 'Deliveries since the start'];

/** Who sends, when they did last, and how much of it was wrong. */
export function Sources() {
  const answer = useAnswer('/sources');
  return html`<h1>Sources</h1>
    <p class="quiet">Deliveries and errors are counted since the bridge was started. An error is a delivery that was
      not genuine, could not be read or could not be kept.</p>
    <${Loaded} answer=${answer}>${({
      sources,
    }) => html`<div class="scroll" role="region" aria-label="Sources" tabindex="0"><table>
      <thead><tr>${columns.map((name) => html`<th key=${name} scope="col">${name}</th>`)}</tr></thead>
      <tbody>${sources.map((source) => html`<${Source} key=${source.id} source=${source} />`)}</tbody>
    </table></div>`}<//>`;
}

function Source({ source }) {
  const { id, lastDeliveryAt, knownSince, receipts, errorRate, expectEverySeconds, silent, connected } =
    source;
  return html`<tr>
    <th scope="row"><a href=${`#/intents?source=${encodeURIComponent(id)}`}>${id}</a></th>
    <td>${lastDeliveryAt ? html`<${Time} at=${lastDeliveryAt} />` : html`<span class="quiet">none since <${Time} at=${knownSince} /></span>`}</td>
    <td class=${silent ? 'bad' : ''}>${expectEverySeconds === null ? '–' : `every ${spanOf(expectEverySeconds)}${silent ? ', silent' : ''}`}</td>
    <td class=${connected === false ? 'bad' : ''}>${connected === null ? '–' : connected ? 'yes' : 'no'}</td>
    <td class=${errorRate > 0 ? 'bad' : ''}>${(errorRate * 100).toFixed(errorRate < 0.1 ? 1 : 0)} %</td>
    <td>${Object.entries(receipts).map(([kind, n]) => html`<span key=${kind} class="receipt">${kind} <b>${n}</b></span> `)}</td>
  </tr>`;
}

const units = /** @type {const} */ ([
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
]);

/** Seconds in the largest unit that leaves no rest, as the configuration has them. */
function spanOf(seconds) {
  const [unit, size] = units.find(([, length]) => seconds % length === 0) ?? ['s', 1];
  return `${seconds / size}${unit}`;
}
