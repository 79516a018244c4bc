import { Chart } from './chart.js';
import { Decide } from './decide.js';
import { html } from './dom.js';
import { OutcomeLine } from './outcome.js';
import { Loaded, Notice, Time } from './parts.js';
import { useAnswer, useBridge } from './state.js';

/** What is going on: how much waits, what is wrong, what has just happened. */
export function Now() {
  const { outcomes, complete } = useBridge();
  const answer = useAnswer('/status');
  const latest = outcomes
    .filter(({ type }) => type !== 'audit.checkpoint')
    .slice(-30)
    .reverse();
  return html`<h1>Now</h1>
    <${Loaded} answer=${answer}>${(status) => html`<${Figures} ...${status.figures} /><${Troubles} ...${status} />`}<//>
    <${Chart} outcomes=${outcomes} complete=${complete} />
    <section aria-labelledby="feed-title">
      <h2 id="feed-title">Latest outcomes</h2>
      ${latest.length === 0 && html`<${Notice}>Nothing has happened yet.<//>`}
      <ol class="feed" aria-live="polite">
        ${latest.map((outcome) => html`<${OutcomeLine} key=${outcome.id} outcome=${outcome} linked />`)}
      </ol>
    </section>`;
}

function Figures({ due, scheduled, held, deadLetters, oldestDueAt }) {
  const tiles = [
    ['Due', due, '#/intents?status=pending', oldestDueAt && html`oldest since <${Time} at=${oldestDueAt} />`],
    ['Scheduled', scheduled, '#/upcoming'],
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
        <${Decide} label="Resume" title=${`Resume ${scope}`} path="/resume" role="operator" body=${{ scope }}
          told=${() => `Resumed: ${scope}.`} />
      </p>`,
    )}
    ${
      !isPaused &&
      html`<${Decide} label="Pause everything" title="Pause everything"
        text="Nobody is signed out or resigned until it is resumed. Taking in goes on."
        path="/pause" role="operator" danger body=${{ scope: 'all' }} told=${() => 'Everything is paused.'} />`
    }
  </div>`;
}
