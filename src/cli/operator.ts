import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import type { Outcome } from '../core/outcome.ts';
import { outcomeReply, readReply } from './reply.ts';
import { type AskingOptions, CommandFailure, exitCodes, printable, type Shell, say } from './shell.ts';

/** The operator API of a running bridge, as the commands use it. Whatever it does not do ends the command. */
export interface Operator {
  get(path: string, query?: Readonly<Record<string, string | undefined>>): Promise<unknown>;
  post(path: string, body: object, headers?: Readonly<Record<string, string>>): Promise<unknown>;
  /**
   * Outcomes past a position as they come, without end; takes up a stream that broke off, also when the bridge is away
   * for a while, as it is when it restarts.
   */
  follow(after: number): AsyncIterable<Outcome>;
}

const defaultUrl = 'http://127.0.0.1:8080';
const timeoutMs = 30_000;
/** How often a request is sent again that the bridge could not take at the moment. */
const maxRepeats = 10;
/** Longer than the keep-alive of a stream: 15 s. */
const silenceMs = 45_000;
const reconnectMs = 1_000;

/** @throws CommandFailure without a token, or for a URL that is none */
export function createOperator({ env, stderr }: Shell, options: AskingOptions): Operator {
  const base = readUrl(options.url ?? env.OFFBOARD_URL ?? defaultUrl);
  const token = env.OFFBOARD_TOKEN;
  if (!token)
    throw new CommandFailure(exitCodes.misused, 'OFFBOARD_TOKEN is not set: your token of server.tokens');

  async function send(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json', ...init.headers };
    try {
      // A redirect would carry the token to somebody else.
      return await fetch(`${base}/v1${path}`, { redirect: 'error', ...init, headers });
    } catch (error) {
      throw new CommandFailure(exitCodes.failed, `${base} cannot be reached: ${causeOf(error)}`);
    }
  }

  /** A request that was turned away before anything was done with it (429, 503) is sent again. */
  async function ask(path: string, init: RequestInit = {}): Promise<unknown> {
    for (let repeat = 0; ; repeat += 1) {
      const response = await send(path, { ...init, signal: AbortSignal.timeout(timeoutMs) });
      if (response.ok) return await readJson(response);
      const waitS = Number(response.headers.get('retry-after') ?? Number.NaN);
      if (repeat === maxRepeats || !(waitS >= 0 && waitS <= 60)) throw await refusal(response);
      await response.body?.cancel();
      await sleep(waitS * 1_000);
    }
  }

  /** Whoever was there before is waited for, unless it does not let us in any more. */
  async function reopen(after: number): Promise<OutcomeStream> {
    for (let tries = 1; ; tries += 1) {
      await sleep(reconnectMs);
      try {
        return await openStream(send, after);
      } catch (error) {
        if (!(error instanceof CommandFailure) || error.exitCode !== exitCodes.failed) throw error;
        if (tries === 1) say(stderr, `${error.message}; trying again`);
      }
    }
  }

  return {
    get(path, query = {}) {
      const given = Object.entries(query).filter(([, value]) => value !== undefined) as [string, string][];
      return ask(given.length > 0 ? `${path}?${new URLSearchParams(given)}` : path);
    },
    post: (path, body, headers = {}) =>
      ask(path, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      }),
    async *follow(after) {
      let position = after;
      let stream = await openStream(send, position);
      for (;;) {
        for await (const outcome of readStream(stream)) {
          position = outcome.data.position;
          yield outcome;
        }
        stream = await reopen(position);
      }
    },
  };
}

/** Everything that a list has, page by page. `place` is what its route calls the place where a page begins. */
export async function* readPages<Page extends { readonly next: string | null }>(
  operator: Operator,
  path: string,
  {
    schema,
    query = {},
    place = 'cursor',
  }: {
    readonly schema: z.ZodType<Page>;
    readonly query?: Readonly<Record<string, string | undefined>>;
    readonly place?: 'cursor' | 'after';
  },
): AsyncGenerator<Page> {
  let from: string | null | undefined = query[place];
  while (from !== null) {
    const page: Page = readReply(
      schema,
      await operator.get(path, { ...query, [place]: from, limit: '1000' }),
    );
    yield page;
    from = page.next;
  }
}

interface OutcomeStream {
  readonly response: Response;
  /** Ends the connection. */
  readonly cut: AbortController;
  /** Cuts it when nothing was heard for too long. */
  readonly silence: NodeJS.Timeout;
}

async function openStream(
  send: (path: string, init: RequestInit) => Promise<Response>,
  after: number,
): Promise<OutcomeStream> {
  const cut = new AbortController();
  const late = new DOMException('nothing was heard', 'TimeoutError');
  const silence = setTimeout(() => cut.abort(late), silenceMs);
  const headers = { accept: 'text/event-stream', 'last-event-id': String(after) };
  try {
    const response = await send('/outcomes', { headers, signal: cut.signal });
    if (!response.ok) throw await refusal(response);
    return { response, cut, silence };
  } catch (error) {
    clearTimeout(silence);
    throw error;
  }
}

/** One connection's worth of the stream; ends when the connection does. */
async function* readStream({ response, cut, silence }: OutcomeStream): AsyncGenerator<Outcome> {
  let text = '';
  try {
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      silence.refresh();
      text += chunk;
      const frames = text.split('\n\n');
      text = frames.pop() ?? '';
      for (const frame of frames) {
        const data = /^data: (.*)$/m.exec(frame)?.[1];
        if (data) yield readReply(outcomeReply, JSON.parse(data));
      }
    }
  } catch (error) {
    const brokeOff = error instanceof TypeError || (error instanceof Error && error.name === 'TimeoutError');
    if (!brokeOff) throw error;
  } finally {
    clearTimeout(silence);
    cut.abort();
  }
}

function readUrl(given: string): string {
  const url = URL.parse(given);
  if (url && /^https?:$/.test(url.protocol) && !url.username && !url.search && !url.hash)
    return given.replace(/\/+$/, '');
  throw new CommandFailure(exitCodes.misused, `${printable(given)} is not a URL such as ${defaultUrl}`);
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    throw new CommandFailure(exitCodes.failed, 'the answer is not that of an Offboard Bridge');
  }
}

const noApi =
  'there is no operator API at this address; it is at that of server.admin, where there is one, and off without server.tokens';

async function refusal(response: Response): Promise<CommandFailure> {
  const exitCode = response.status < 500 && response.status !== 429 ? exitCodes.refused : exitCodes.failed;
  const problem: unknown = await response.json().catch(() => null);
  const { title, detail } = Object(problem) as { title?: unknown; detail?: unknown };
  // The operator API names what it does not find; what else listens here, such as the hooks, says no more than the status.
  const where = response.status === 404 && detail === undefined ? noApi : undefined;
  const says = [title, detail, where].flatMap((one) => (typeof one === 'string' ? printable(one) : []));
  return new CommandFailure(exitCode, [`the bridge answers ${response.status}`, ...says].join(': '));
}

/** `fetch` wraps what went wrong. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return 'unknown';
  return cause.name === 'TimeoutError' ? 'no answer in time' : cause.message || cause.name;
}
