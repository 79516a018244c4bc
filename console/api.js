/** The operator API under the session of this browser. Only our own pages can add this header. */
const header = { 'x-offboard-console': '1' };

/** What the API refused, in its own words; a status of 0 = it did not answer. */
export class Refusal extends Error {
  /**
   * @param {number} status
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * @param {string} path below the bridge's address
 * @param {RequestInit} [init]
 */
async function ask(path, init = {}) {
  const headers = { ...header, ...init.headers };
  const response = await fetch(`../${path}`, { ...init, headers }).catch(() => {
    throw new Refusal(0, 'The bridge does not answer.');
  });
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => ({}));
  if (!response.ok)
    throw new Refusal(response.status, answer.detail ?? answer.title ?? String(response.status));
  return answer;
}

/** @param {string} path after `/v1` */
export const read = (path) => ask(`v1${path}`);

const pageSize = 1_000;

/**
 * The pages of a list together, up to so many items; `next` is not null when there are more.
 * @param {string} path after `/v1`, with a query
 * @param {{ name: string, most: number }} list
 */
export async function readPages(path, { name, most }) {
  const items = [];
  let next = null;
  do {
    const page = await read(`${path}&limit=${pageSize}${next === null ? '' : `&cursor=${next}`}`);
    items.push(...page[name]);
    next = page.next;
  } while (next !== null && items.length < most);
  return { [name]: items, next };
}

/**
 * @param {string} path after `/v1`
 * @param {object} [body]
 */
export const act = (path, body = {}) => ask(`v1${path}`, { method: 'POST', body: JSON.stringify(body) });

export const session = {
  read: () => ask('console/session'),
  /** @param {string} token */
  begin: (token) => ask('console/session', { method: 'POST', body: JSON.stringify({ token }) }),
  end: () => ask('console/session', { method: 'DELETE' }),
};

const reconnectMs = 2_000;

/**
 * Follows the trail; `EventSource` could not add the header. Takes up where it broke off.
 * @param {number} after
 * @param {{ onOutcomes(outcomes: object[]): void, onLive(live: boolean): void, signal: AbortSignal }} how
 */
export async function follow(after, { onOutcomes, onLive, signal }) {
  let position = after;
  while (!signal.aborted) {
    try {
      const headers = { ...header, accept: 'text/event-stream', 'last-event-id': String(position) };
      const response = await fetch('../v1/outcomes', { headers, signal });
      if (!response.ok || !response.body) throw new Refusal(response.status, 'the stream was refused');
      onLive(true);
      let text = '';
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        const frames = (text + part.value).split('\n\n');
        text = frames.pop() ?? '';
        const outcomes = frames.flatMap((frame) => {
          const data = /^data: (.*)$/m.exec(frame)?.[1];
          return data ? [JSON.parse(data)] : [];
        });
        if (outcomes.length === 0) continue;
        position = outcomes[outcomes.length - 1].data.position;
        onOutcomes(outcomes);
      }
    } catch {
      if (signal.aborted) return;
    }
    onLive(false);
    await new Promise((resolve) => setTimeout(resolve, reconnectMs));
  }
}
