import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import { follow, Refusal, read, readPages } from './api.js';

/** Outcomes that are kept in the page, for the chart and the feed. */
export const mostOutcomes = 5_000;
const pageSize = 1_000;
const settleMs = 400;
/** What is held is put into sets a moment after its outcome, of which there is no outcome. */
const gatherMs = 2_500;
const refreshMs = 15_000;

/** Who is signed in, what the trail brings, and asking before an act: { me, isMe, outcomes, complete, live, revision, refresh, onRefusal, ask } */
export const Bridge = createContext(/** @type {any} */ (null));
export const useBridge = () => useContext(Bridge);

/** The part of the address after `#`, which is where in the console one is. */
export function useRoute() {
  const [route, setRoute] = useState(location.hash.slice(1) || '/');
  useEffect(() => {
    const changed = () => setRoute(location.hash.slice(1) || '/');
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return route;
}

/**
 * The end of the trail, and what comes. `revision` rises a moment after something has come, and now and again.
 * @param {(error: unknown) => void} onError
 */
export function useTrail(onError) {
  const [outcomes, setOutcomes] = useState(/** @type {any[]} */ ([]));
  const [complete, setComplete] = useState(true);
  const [live, setLive] = useState(false);
  const [revision, setRevision] = useState(0);
  const refresh = () => setRevision((one) => one + 1);
  useEffect(() => {
    const leaving = new AbortController();
    const timers = { soon: 0, late: 0, often: setInterval(refresh, refreshMs) };
    const refreshSoon = () => {
      timers.soon = 0;
      refresh();
    };
    const add = (/** @type {any[]} */ more) => {
      setOutcomes((before) => [...before, ...more].slice(-mostOutcomes));
      timers.soon ||= setTimeout(refreshSoon, settleMs);
      clearTimeout(timers.late);
      timers.late = setTimeout(refresh, gatherMs);
    };
    const begin = async () => {
      const { figures } = await read('/status');
      let position = Math.max(0, figures.headPosition - mostOutcomes);
      setComplete(position === 0);
      for (let next = '0'; next !== null; ) {
        const page = await read(`/outcomes?after=${position}&limit=${pageSize}`);
        add(page.outcomes);
        position = page.outcomes.at(-1)?.data.position ?? position;
        next = page.next;
      }
      await follow(position, { onOutcomes: add, onLive: setLive, signal: leaving.signal });
    };
    begin().catch(onError);
    return () => {
      leaving.abort();
      clearTimeout(timers.soon);
      clearTimeout(timers.late);
      clearInterval(timers.often);
    };
  }, []);
  return { outcomes, complete, live, revision, refresh };
}

/**
 * What the API answers to a path, read again whenever the trail has moved.
 * @param {string} path after `/v1`
 */
export const useAnswer = (path) => useReading(path, read);

/**
 * The same for a list that is wanted whole.
 * @param {string} path after `/v1`, with a query
 * @param {{ name: string, most: number }} list
 */
export const usePages = (path, list) => useReading(path, () => readPages(path, list));

/**
 * @param {string} path
 * @param {(path: string) => Promise<any>} ask
 * @returns {{ data: any, error: string | null }}
 */
function useReading(path, ask) {
  const { revision, onRefusal } = useBridge();
  const [state, setState] = useState(/** @type {any} */ ({ path: null, data: null, error: null }));
  useEffect(() => {
    let current = true;
    ask(path)
      .then((data) => current && setState({ path, data, error: null }))
      .catch((error) => {
        if (error instanceof Refusal) onRefusal(error);
        if (current) setState({ path, data: null, error: error.message });
      });
    return () => {
      current = false;
    };
  }, [path, revision]);
  return state.path === path ? state : { data: null, error: null };
}
