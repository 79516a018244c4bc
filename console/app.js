import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Refusal, session } from './api.js';
import { DeadLetters } from './dead-letters.js';
import { Dialog } from './decide.js';
import { html } from './dom.js';
import { Held } from './held.js';
import { Now } from './now.js';
import { Notice } from './parts.js';
import { Intent, Intents } from './people.js';
import { Sources } from './sources.js';
import { Bridge, useRoute, useTrail } from './state.js';
import { Upcoming } from './upcoming.js';

const places = [
  ['/', 'Now'],
  ['/held', 'Held'],
  ['/upcoming', 'Upcoming'],
  ['/intents', 'People'],
  ['/dead-letters', 'Dead letters'],
  ['/sources', 'Sources'],
];

function App() {
  const [me, setMe] = useState(/** @type {any} */ (undefined));
  useEffect(() => {
    session.read().then(setMe, () => setMe(null));
  }, []);
  if (me === undefined) return null;
  return me ? html`<${Signed} me=${me} onEnd=${() => setMe(null)} />` : html`<${SignIn} onDone=${setMe} />`;
}

function SignIn({ onDone }) {
  const [error, setError] = useState(/** @type {string | null} */ (null));
  const submit = async (event) => {
    event.preventDefault();
    try {
      onDone(await session.begin(String(new FormData(event.target).get('token')).trim()));
    } catch (refused) {
      setError(
        refused instanceof Refusal && refused.status === 401
          ? 'This is no token of this bridge.'
          : refused.message,
      );
    }
  };
  return html`<main class="sign-in">
    <img src="icon.svg" alt="" width="48" height="48" />
    <h1>Offboard Bridge</h1>
    <form onSubmit=${submit}>
      <label>Your operator token <input name="token" type="password" required autofocus autocomplete="current-password" /></label>
      ${error && html`<${Notice} role="alert">${error}<//>`}
      <button class="primary">Sign in</button>
    </form>
  </main>`;
}

function Signed({ me, onEnd }) {
  const [lost, setLost] = useState(/** @type {string | null} */ (null));
  const [question, setQuestion] = useState(/** @type {any} */ (null));
  const [told, setTold] = useState('');
  const onRefusal = (error) => {
    if (error instanceof Refusal && error.status === 401) onEnd();
  };
  const trail = useTrail((error) => {
    onRefusal(error);
    setLost(error.message);
  });
  const route = useRoute();
  useEffect(() => setTold(''), [route]);
  const end = () => session.end().then(onEnd, onEnd);
  const ask = (asked) => {
    setTold('');
    setQuestion(asked);
  };
  const onAnswer = (said = '') => {
    setTold(said);
    setQuestion(null);
  };
  const isMe = (actor) => actor === `api:${me.name}`;
  return html`<${Bridge.Provider} value=${{ ...trail, me, isMe, ask, onRefusal }}>
    <a class="skip" href="#main" onClick=${skip}>To the content</a>
    <header>
      <a class="brand" href="#/"><img src="icon.svg" alt="" width="24" height="24" /> <span>Offboard Bridge</span></a>
      <nav aria-label="Console">
        ${places.map(
          ([path, name]) =>
            html`<a key=${path} href=${`#${path}`} aria-current=${isIn(route, path) ? 'page' : undefined}>${name}</a>`,
        )}
      </nav>
      <span class=${`live ${trail.live ? 'is-on' : ''}`} role="status">${trail.live ? 'live' : 'connecting'}</span>
      <span class="me">${me.name} <span class="quiet">${me.role}</span></span>
      <button type="button" class="plain" onClick=${end}>Sign out</button>
    </header>
    <main id="main" tabindex="-1">
      ${lost && html`<${Notice} role="alert">${lost}<//>`}
      <p class="told" role="status">${told}</p>
      <${Place} route=${route} />
    </main>
    ${question && html`<${Dialog} question=${question} onEnd=${onAnswer} />`}
  <//>`;
}

function skip(event) {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

const isIn = (route, path) =>
  path === '/'
    ? route === '/'
    : route === path || (/^[/?]/.test(route.slice(path.length)) && route.startsWith(path));

function Place({ route }) {
  const [path, query = ''] = route.split('?');
  useEffect(() => {
    const [, name] = places.find(([place]) => isIn(route, place)) ?? places[0];
    document.title = `${name} · Offboard Bridge`;
  }, [route]);
  const [, place, id] = path.split('/');
  if (place === 'intents' && id) return html`<${Intent} key=${id} id=${id} />`;
  if (place === 'intents') return html`<${Intents} key=${query} query=${new URLSearchParams(query)} />`;
  if (place === 'upcoming') return html`<${Upcoming} />`;
  if (place === 'held') return html`<${Held} />`;
  if (place === 'dead-letters') return html`<${DeadLetters} />`;
  if (place === 'sources') return html`<${Sources} />`;
  return html`<${Now} />`;
}

render(html`<${App} />`, document.body);
