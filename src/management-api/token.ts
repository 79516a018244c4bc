import { z } from 'zod';
import { noAnswer } from '../core/intent.ts';
import type { Answer } from './answer.ts';
import { headerSafe } from './data.ts';

interface Token {
  readonly value: string;
  /** The user pool that the token itself names; `null` when it names none. */
  readonly userPoolId: string | null;
}

export interface Tokens {
  /**
   * The token to use now. It is renewed ahead of its end while the old one still serves, by one renewal at a time.
   * @param rejected a token that the API no longer takes; the answer is another one
   */
  current(rejected?: string): Promise<Answer<Token>>;
}

export interface TokensOptions {
  /** Asks the API for a token; `expires_in` is in seconds. */
  readonly fetchToken: () => Promise<Answer<{ readonly access_token: string; readonly expires_in: number }>>;
  readonly now: () => number;
}

/** At most this long before its end a token is renewed; a short-lived one in the last tenth of its life. */
const maxMarginMs = 5 * 60_000;

/** After a renewal that failed while the old token still serves. */
const renewalPauseMs = 5_000;

interface CachedToken extends Token {
  readonly expiresAt: number;
  renewAt: number;
}

export function createTokens({ fetchToken, now }: TokensOptions): Tokens {
  let cached: CachedToken | null = null;
  let renewing: Promise<Answer<Token>> | null = null;

  async function renew(): Promise<Answer<Token>> {
    const askedAt = now();
    const answer = asTokenAnswer(await fetchToken());
    if (answer.kind !== 'done') {
      if (cached) cached.renewAt = now() + renewalPauseMs;
      return answer;
    }
    const { access_token: value, expires_in: seconds } = answer.data;
    const expiresAt = askedAt + seconds * 1_000;
    const renewAt = expiresAt - Math.min(maxMarginMs, seconds * 100);
    cached = { value, userPoolId: readUserPoolId(value), expiresAt, renewAt };
    return { ...answer, data: cached };
  }

  function renewOnce(): Promise<Answer<Token>> {
    renewing ??= renew().finally(() => {
      renewing = null;
    });
    return renewing;
  }

  return {
    async current(rejected) {
      if (cached?.value === rejected) cached = null;
      if (!cached || now() >= cached.expiresAt) return renewOnce();
      if (now() >= cached.renewAt) void renewOnce();
      return { kind: 'done', data: cached, summary: noAnswer };
    },
  };
}

/** Without a token no call was sent; and whatever is refused here is about our key, not about a user. */
function asTokenAnswer<T>(answer: Answer<T>): Answer<T> {
  switch (answer.kind) {
    case 'done':
    case 'busy':
      return answer;
    case 'unknown':
      return { ...answer, sent: false };
    case 'refused':
    case 'forbidden':
    case 'denied':
      return { kind: 'denied', mayBeDone: false, summary: answer.summary };
  }
}

const claims = z.object({ scoped_userpool_id: headerSafe.nullable().catch(null) });

/** The claim `scoped_userpool_id`; otherwise a token is opaque to us, and need not be a JWT. */
function readUserPoolId(token: string): string | null {
  try {
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8');
    return claims.parse(JSON.parse(payload)).scoped_userpool_id;
  } catch {
    return null;
  }
}
