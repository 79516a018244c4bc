import { z } from 'zod';
import { type AnswerSummary, noAnswer } from '../core/intent.ts';

/**
 * What the management API said to one call. An act is `done` only when the body says 200 and `success: true`;
 * `refused` is about the ids that were sent, `denied` about our key, rights, plan or host.
 */
export type Answer<T> =
  | { readonly kind: 'done'; readonly data: T; readonly summary: AnswerSummary }
  | NotDone;

/** Every answer but `done`. */
export type NotDone =
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly summary: AnswerSummary }
  | { readonly kind: 'forbidden'; readonly summary: AnswerSummary }
  | {
      readonly kind: 'denied';
      /** True when the answer is not the API's own: whatever gave it may have let the call through. */
      readonly mayBeDone: boolean;
      readonly summary: AnswerSummary;
    }
  | { readonly kind: 'busy'; readonly retryAfterMs: number | null; readonly summary: AnswerSummary }
  | {
      readonly kind: 'unknown';
      /** False when the request certainly never left: then it cannot have been done. */
      readonly sent: boolean;
      readonly summary: AnswerSummary;
    };

type RefusalReason = 'user_not_found' | 'app_not_found' | 'other';

/** An HTTP answer, read whole. */
export interface HttpReply {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: string;
}

/** What was asked, as far as the answer's meaning depends on it. */
export interface Ask<T> {
  readonly method: 'GET' | 'POST';
  readonly data: z.ZodType<T>;
  /** What a definite "no such user" means, where that is no failure. */
  readonly absent?: T;
}

const envelopeSchema = z.object({
  statusCode: z.int(),
  message: z.string().nullable().catch(null),
  apiCode: z.int().nullable().catch(null),
  requestId: z.string().nullable().catch(null),
  error: z.unknown().optional(),
  data: z.unknown().optional(),
});
type Envelope = z.output<typeof envelopeSchema>;

/** Business codes go before status codes, because the status code beside them is not documented. */
const meaningOfApiCode: ReadonlyMap<number, RefusalReason | 'denied'> = new Map([
  ...[1300, 1301, 1302, 1303, 1304, 1305, 1306, 2020, 2224, 2333, 4021].map(
    (code) => [code, 'denied'] as const,
  ),
  [2004, 'user_not_found'],
  [2011, 'app_not_found'],
  [2005, 'other'],
  [2120008, 'other'],
]);

/**
 * Reads an HTTP answer; it never throws for what the API, or a proxy before it, may say.
 * @param now epoch milliseconds, for a `Retry-After` that is a date
 */
export function readAnswer<T>(reply: HttpReply, ask: Ask<T>, now: number): Answer<T> {
  const envelope = readEnvelope(reply);
  const summary = summarize(reply, envelope);
  const meaning = meaningOf(reply, envelope, ask.method);
  switch (meaning) {
    case 'done':
      return readData(envelope?.data, ask, summary);
    case 'busy':
      return { kind: 'busy', retryAfterMs: readRetryAfter(reply.retryAfter, now), summary };
    case 'unknown':
      return { kind: 'unknown', sent: true, summary };
    case 'denied':
    case 'not_its_own':
      return { kind: 'denied', mayBeDone: meaning === 'not_its_own', summary };
    case 'forbidden':
      return { kind: meaning, summary };
    case 'user_not_found':
      if (ask.absent !== undefined) return { kind: 'done', data: ask.absent, summary };
      return { kind: 'refused', reason: meaning, summary };
    case 'app_not_found':
    case 'other':
      return { kind: 'refused', reason: meaning, summary };
  }
}

/** The answer that never came: a timeout, a reset, no connection. `message` holds no address and no id. */
export function unanswered(message: string, sent: boolean): NotDone {
  return { kind: 'unknown', sent, summary: { ...noAnswer, message } };
}

type Meaning = 'done' | 'forbidden' | 'denied' | 'not_its_own' | 'busy' | 'unknown' | RefusalReason;

function meaningOf(reply: HttpReply, envelope: Envelope | null, method: Ask<unknown>['method']): Meaning {
  const { status } = reply;
  if (status === 429) return 'busy';
  if (!envelope) {
    if (status >= 500) return status === 503 && method === 'GET' ? 'busy' : 'unknown';
    return isOk(status) && isCutOff(reply.body) ? 'unknown' : 'not_its_own';
  }
  const byApiCode = meaningOfApiCode.get(envelope.apiCode ?? 0);
  if (byApiCode) return byApiCode;
  if (status >= 500) return meaningOfStatusCode(status, method);
  if (!isOk(status) && envelope.statusCode === 200) return 'not_its_own';
  return meaningOfStatusCode(envelope.statusCode, method);
}

function meaningOfStatusCode(statusCode: number, method: Ask<unknown>['method']): Meaning {
  switch (statusCode) {
    case 200:
      return 'done';
    case 403:
      return 'forbidden';
    case 404:
      return 'user_not_found';
    case 400:
    case 409:
    case 413:
    case 422:
    case 499:
      return 'other';
    case 429:
      return 'busy';
    case 501:
      return 'denied';
    case 503:
      return method === 'GET' ? 'busy' : 'unknown';
    default:
      return statusCode >= 400 && statusCode < 500 ? 'denied' : 'unknown';
  }
}

function readData<T>(data: unknown, ask: Ask<T>, summary: AnswerSummary): Answer<T> {
  const read = ask.data.safeParse(data);
  if (read.success) return { kind: 'done', data: read.data, summary };
  if (saysNoSuccess(data)) return { kind: 'refused', reason: 'other', summary };
  const message = 'the data of the answer cannot be read';
  return { kind: 'unknown', sent: true, summary: { ...summary, message } };
}

/**
 * The envelope, or `null` for an answer that is not the API's own. Redirects are not, whatever their body; nor is a
 * web framework's own "no such route", which looks like an envelope but for its `error`: taken for one, a wrong path
 * in the host would make every user unknown.
 */
function readEnvelope({ status, body }: HttpReply): Envelope | null {
  if (status < 200 || (status >= 300 && status < 400)) return null;
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return null;
  }
  const read = envelopeSchema.safeParse(json);
  if (!read.success) return null;
  return status === 404 && read.data.error !== undefined ? null : read.data;
}

function summarize({ status }: HttpReply, envelope: Envelope | null): AnswerSummary {
  if (!envelope) {
    const message = `HTTP ${status} without the envelope of the management API`;
    return { statusCode: status, apiCode: null, requestId: null, message };
  }
  const { statusCode, apiCode, requestId, message } = envelope;
  return { statusCode, apiCode, requestId, message: message?.slice(0, 500) ?? null };
}

/**
 * Nothing at all, or a JSON object that does not parse, was cut off on its way: the call itself may have been carried
 * out.
 */
function isCutOff(body: string): boolean {
  const trimmed = body.trimStart();
  if (!trimmed.startsWith('{')) return trimmed === '';
  try {
    JSON.parse(body);
    return false;
  } catch {
    return true;
  }
}

function saysNoSuccess(data: unknown): boolean {
  return typeof data === 'object' && data !== null && 'success' in data && data.success === false;
}

function isOk(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Milliseconds of a `Retry-After` in seconds or as an HTTP date. */
function readRetryAfter(value: string | null, now: number): number | null {
  if (value === null) return null;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1_000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}
