import { useState } from 'preact/hooks';
import { html } from './dom.js';

const hour = 3_600_000;
const ranges = {
  '24 hours': { step: hour, count: 24 },
  '7 days': { step: 6 * hour, count: 28 },
  '30 days': { step: 24 * hour, count: 30 },
};
/** The ends of an intent's outcomes that are drawn, from the bottom of a bar to its top. */
const kinds = ['succeeded', 'simulated', 'scheduled', 'released', 'held', 'canceled', 'failed'];
const size = { width: 720, height: 180 };

/** Outcomes of intents, counted by their last word in steps of time that end now. */
function count(outcomes, { step, count: steps }) {
  const end = (Math.floor(Date.now() / step) + 1) * step;
  const start = end - steps * step;
  const bars = Array.from({ length: steps }, (_, index) => ({
    at: start + index * step,
    byKind: Object.fromEntries(kinds.map((kind) => [kind, 0])),
  }));
  for (const { time, data } of outcomes) {
    const bar = bars[Math.floor((Date.parse(time) - start) / step)];
    if (bar && kinds.includes(data.status)) bar.byKind[data.status] += 1;
  }
  return bars;
}

const sum = (numbers) => numbers.reduce((total, one) => total + one, 0);

export function Chart({ outcomes, complete }) {
  const [range, setRange] = useState('24 hours');
  const bars = count(outcomes, ranges[range]);
  const most = Math.max(1, ...bars.map(({ byKind }) => sum(Object.values(byKind))));
  const totals = kinds.map((kind) => [kind, sum(bars.map(({ byKind }) => byKind[kind]))]);
  const width = size.width / bars.length;
  const spoken = totals.filter(([, total]) => total > 0).map(([kind, total]) => `${total} ${kind}`);
  return html`<section aria-labelledby="chart-title">
    <div class="section-head">
      <h2 id="chart-title">Intents by outcome</h2>
      <div class="choices" role="group" aria-label="Range">
        ${Object.keys(ranges).map(
          (name) =>
            html`<button type="button" aria-pressed=${name === range} onClick=${() => setRange(name)}>${name}</button>`,
        )}
      </div>
    </div>
    <svg class="chart" viewBox=${`0 0 ${size.width} ${size.height}`} role="img"
      aria-label=${`${range}: ${spoken.join(', ') || 'nothing'}; at most ${most} at a time`}>
      <line x1="0" x2=${size.width} y1=${size.height - 0.5} y2=${size.height - 0.5} class="axis" />
      ${bars.map((bar, index) => html`<${Bar} key=${bar.at} ...${{ bar, most, width, x: index * width }} />`)}
    </svg>
    <div class="scale quiet">
      <span>${new Date(bars[0]?.at ?? 0).toLocaleString()}</span><span>highest: ${most}</span><span>now</span>
    </div>
    <ul class="legend">
      ${totals.map(([kind, total]) => html`<li key=${kind}><i class=${`swatch is-${kind}`}></i>${kind} <b>${total}</b></li>`)}
    </ul>
    <${Numbers} bars=${bars} />
    ${!complete && html`<p class="quiet">Counted from the newest ${outcomes.length} outcomes.</p>`}
  </section>`;
}

/** The same for whoever does not see or point at the bars. */
function Numbers({ bars }) {
  return html`<details><summary>In numbers</summary><ul class="numbers">
    ${bars
      .filter((bar) => wordsOf(bar) !== '')
      .map(
        (bar) =>
          html`<li key=${bar.at}><time>${new Date(bar.at).toLocaleString()}</time> ${wordsOf(bar)}</li>`,
      )}
  </ul></details>`;
}

const wordsOf = ({ byKind }) =>
  kinds
    .filter((kind) => byKind[kind] > 0)
    .map((kind) => `${byKind[kind]} ${kind}`)
    .join(', ');

function Bar({ bar, most, width, x }) {
  let y = size.height - 1;
  const parts = kinds.flatMap((kind) => {
    const height = (bar.byKind[kind] / most) * (size.height - 12);
    if (height === 0) return [];
    y -= height;
    return html`<rect class=${`is-${kind}`} x=${x + 1.5} y=${y} width=${width - 3} height=${height} rx="1.5" />`;
  });
  return html`<g><title>${`${new Date(bar.at).toLocaleString()}: ${wordsOf(bar) || 'nothing'}`}</title>${parts}</g>`;
}
