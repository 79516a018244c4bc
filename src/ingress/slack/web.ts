import { webApi } from '@slack/bolt';
import { type Log, traceOf } from '../../core/log.ts';
import type { Message } from './blocks.ts';
import { boltLogger } from './bolt-log.ts';

/** What Slack's Web API said. */
export type SlackAnswer =
  | { readonly kind: 'done'; readonly data: Readonly<Record<string, unknown>> }
  /** It will say the same again. */
  | { readonly kind: 'refused'; readonly error: string }
  /** No answer, or not now; asking again later may help. */
  | { readonly kind: 'unknown' };

/** Calls to Slack. Everything that goes wrong is logged here, once, and comes back as a value. */
export interface SlackWeb {
  call(method: string, args: Readonly<Record<string, unknown>>): Promise<SlackAnswer>;
  /** @returns `gone` when that URL takes nothing any more */
  respond(responseUrl: string, message: Message & ResponseOptions): Promise<'done' | 'gone' | 'unknown'>;
}

export interface ResponseOptions {
  readonly replace_original: boolean;
  readonly response_type?: 'ephemeral';
}

export interface SlackWebOptions {
  readonly botToken: string;
  readonly apiUrl: string;
  readonly log: Log;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const timeoutMs = 5_000;
/** Errors of an answer with `ok: false` that say nothing of the request. */
const passing = ['internal_error', 'fatal_error', 'service_unavailable', 'request_timeout', 'ratelimited'];

export function createSlackWeb(options: SlackWebOptions): SlackWeb {
  const { log, now } = options;
  const client = new webApi.WebClient(options.botToken, {
    slackApiUrl: options.apiUrl,
    timeout: timeoutMs,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    logger: boltLogger(log),
  });
  const pausedUntil = new Map<string, number>();

  /** @throws what the client throws */
  async function ask(method: string, args: Readonly<Record<string, unknown>>): Promise<SlackAnswer> {
    if ((pausedUntil.get(method) ?? 0) > now()) return { kind: 'unknown' };
    return { kind: 'done', data: { ...(await client.apiCall(method, { ...args })) } };
  }

  function explain(method: string, error: unknown): SlackAnswer {
    if (error instanceof webApi.WebAPIRateLimitedError) {
      const retryAfterMs = Math.min(Math.max(error.retryAfter, 1), 3_600) * 1_000;
      pausedUntil.set(method, now() + retryAfterMs);
      log.warn({ method, retryAfterMs }, 'Slack asks us to slow down');
      return { kind: 'unknown' };
    }
    if (error instanceof webApi.WebAPIPlatformError) {
      const { error: code, needed } = error.data as { error: string; needed?: unknown };
      if (code === 'missing_scope')
        log.error(
          { method, needed },
          'the Slack token lacks a scope; add it to the app and install it again',
        );
      else log.warn({ method, code }, 'Slack refused a call');
      return passing.includes(code) ? { kind: 'unknown' } : { kind: 'refused', error: code };
    }
    const status = error instanceof webApi.WebAPIHTTPError ? error.statusCode : null;
    log.warn({ method, status, ...traceOf(error) }, 'Slack did not answer');
    return { kind: 'unknown' };
  }

  return {
    call: (method, args) => ask(method, args).catch((error: unknown) => explain(method, error)),
    respond: (url, message) => respond(url, message, options),
  };
}

async function respond(
  responseUrl: string,
  message: object,
  { apiUrl, log }: SlackWebOptions,
): Promise<'done' | 'gone' | 'unknown'> {
  if (!isSlackUrl(responseUrl, apiUrl)) {
    log.error({}, 'a response_url does not lead to Slack; nothing is sent there');
    return 'gone';
  }
  try {
    const response = await fetch(responseUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify(message),
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.arrayBuffer();
    if (response.ok) return 'done';
    log.warn({ status: response.status, retryAfter: response.headers.get('retry-after') }, refusedUrl);
    return response.status === 429 || response.status >= 500 ? 'unknown' : 'gone';
  } catch (error) {
    log.warn(traceOf(error), 'a response_url did not answer');
    return 'unknown';
  }
}

const refusedUrl = 'a response_url takes no more messages';

/** Slack's own host for such URLs, or the host of the configured API. */
export function isSlackUrl(responseUrl: string, apiUrl: string): boolean {
  const url = URL.parse(responseUrl);
  const api = URL.parse(apiUrl);
  if (!url || !api || url.username || url.password) return false;
  if (url.origin === api.origin) return true;
  return url.origin === 'https://hooks.slack.com';
}
