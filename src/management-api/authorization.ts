import { randomBytes } from 'node:crypto';
import { noAnswer } from '../core/intent.ts';
import type { Answer, NotDone } from './answer.ts';
import type { ApiRequest } from './exchange.ts';
import { pathOf } from './exchange.ts';
import { sign, stringToSign } from './signature.ts';
import type { Tokens } from './token.ts';

export type Headers = Readonly<Record<string, string>>;

/** One of the two ways in which the API knows who calls. */
export interface Authorization {
  /**
   * The headers that let a request in; any answer but `done` means that it cannot be sent.
   * @param rejected headers of ours that the API has just turned down
   */
  authorize(request: ApiRequest, rejected?: Headers): Promise<Answer<Headers>>;
  /** Whether a call failed for its authorization alone, so that it may be tried once more with a new one. */
  isOutdated(failure: NotDone): boolean;
}

export interface AccessKey {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** `null`: the pool that the token names, else the one that goes by the id of the key. */
  readonly userPoolId: string | null;
}

/** Answers depend on their language only in their messages, which are for people. */
export const languageHeader: Headers = { 'x-authing-lang': 'en-US' };

/** The documented way: a bearer token and the id of the user pool. */
export function createTokenAuthorization(tokens: Tokens, key: AccessKey): Authorization {
  return {
    async authorize(_request, rejected) {
      const answer = await tokens.current(rejected?.authorization?.slice('Bearer '.length));
      if (answer.kind !== 'done') return answer;
      const { value, userPoolId } = answer.data;
      const headers = {
        ...languageHeader,
        authorization: `Bearer ${value}`,
        'x-authing-userpool-id': key.userPoolId ?? userPoolId ?? key.accessKeyId,
      };
      return { ...answer, data: headers };
    },
    isOutdated({ kind, summary }) {
      return kind === 'denied' && (summary.statusCode === 401 || summary.apiCode === 2020);
    },
  };
}

/** The way of the Node SDK: every request signed for itself, with a nonce of its own. */
export function createSignatureAuthorization(key: AccessKey, now: () => number): Authorization {
  return {
    async authorize({ method, endpoint, data }) {
      const headers = {
        ...languageHeader,
        date: new Date(now()).toUTCString(),
        'x-authing-sdk-version': 'offboard-bridge:1',
        'x-authing-signature-method': 'HMAC-SHA1',
        'x-authing-signature-version': '1.0',
        'x-authing-signature-nonce': randomBytes(16).toString('hex'),
        ...(key.userPoolId === null ? {} : { 'x-authing-userpool-id': key.userPoolId }),
      };
      const signature = sign(
        stringToSign({ method, path: pathOf(endpoint), headers, data }),
        key.accessKeySecret,
      );
      return {
        kind: 'done',
        data: { ...headers, authorization: `authing ${key.accessKeyId}:${signature}` },
        summary: noAnswer,
      };
    },
    isOutdated({ summary }) {
      return summary.apiCode === 1306;
    },
  };
}
