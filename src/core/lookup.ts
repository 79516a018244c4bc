import { readLastDay } from './calendar.ts';
import { MalformedDelivery } from './delivery.ts';
import type { Failure } from './failure.ts';
import type { Identifier } from './identifier.ts';

/**
 * What a vendor's API says of a person whom an event named by an id only.
 *
 * `gone`: the status says so, and the act is for now. `leaves`: there is a last day, and the status says nothing else
 * yet; `effectiveAt` is when that day is over, in epoch milliseconds, and `signOut` ends the sessions already now.
 * `active`: neither. `unclear`: a person has to decide; `identifiers` are for when they release it.
 */
export type LookupResult =
  | { readonly kind: 'gone'; readonly identifiers: readonly Identifier[] }
  | {
      readonly kind: 'leaves';
      readonly identifiers: readonly Identifier[];
      readonly effectiveAt: number;
      readonly signOut?: boolean;
    }
  | { readonly kind: 'active' }
  | { readonly kind: 'unclear'; readonly identifiers: readonly Identifier[]; readonly failure: Failure };

/** A request to a vendor's API. */
export interface VendorRequest {
  /** From the settings, and from nowhere else. */
  readonly baseUrl: string;
  /** Each segment is encoded: an id stays one segment, whatever is in it. */
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** A request with a body is a POST unless it says otherwise. */
  readonly method?: 'PUT';
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as a form. */
  readonly form?: Readonly<Record<string, string>>;
}

/**
 * Asks a vendor's API, within a time limit and without following redirects. Gives the JSON of the answer.
 * @throws VendorTrouble for every answer but a success
 */
export type VendorHttp = (request: VendorRequest) => Promise<unknown>;

/** Why a vendor's API gave no answer. `again` = it may later; `denied` = not before the settings are right; `unknown_person` = it knows nobody by that id. */
export class VendorTrouble extends Error {
  override readonly name = 'VendorTrouble';
  readonly kind: 'again' | 'denied' | 'unknown_person';
  /** How long the vendor asks us to wait, in milliseconds. */
  readonly retryAfterMs: number | null;

  constructor(kind: VendorTrouble['kind'], message: string, retryAfterMs: number | null = null) {
    super(message);
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The `Authorization` of HTTP Basic. */
export function basicAuthorization({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

type Credentials = { readonly token: string } | { readonly username: string; readonly password: string };

/** The API that a source's `lookup` names, asked with its credentials. */
export function apiOf(
  lookup: (Credentials & { readonly baseUrl: string }) | undefined,
  http: VendorHttp,
): (request: Omit<VendorRequest, 'baseUrl'>) => Promise<unknown> {
  if (!lookup) throw new VendorTrouble('denied', 'the source has no look-up');
  const authorization = 'token' in lookup ? `Bearer ${lookup.token}` : basicAuthorization(lookup);
  return ({ headers, ...request }) =>
    http({ baseUrl: lookup.baseUrl, ...request, headers: { authorization, ...headers } });
}

export interface VendorStatus {
  /** The status says that the person is gone. */
  readonly isGone: boolean;
  /** The last day, where there is one. */
  readonly lastDay: string | null | undefined;
  readonly identify: () => readonly Identifier[];
}

/**
 * What a status and a last day mean together: a status that says gone is for now, whatever the day.
 * @throws MalformedDelivery when the day is none
 */
export function readStatus(
  { isGone, lastDay, identify }: VendorStatus,
  { timezone = 'UTC', dayEnds }: { timezone?: string | undefined; dayEnds: string },
): LookupResult {
  if (isGone) return { kind: 'gone', identifiers: identify() };
  if (!lastDay) return { kind: 'active' };
  const effectiveAt = readLastDay(lastDay, { timezone, dayEnds });
  if (effectiveAt === undefined) throw new MalformedDelivery('the last day is not a date');
  return { kind: 'leaves', identifiers: identify(), effectiveAt };
}
