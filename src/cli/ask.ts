import { setTimeout as sleep } from 'node:timers/promises';
import type { Identifier } from '../core/identifier.ts';
import type { Operator } from './operator.ts';
import { intentHistoryReply, outcomeLine, readReply, receiptReply } from './reply.ts';
import { CommandFailure, exitCodes, type Shell, say, sayJson } from './shell.ts';

/** One request for one person; times are ISO 8601. */
export interface Request {
  readonly type: 'user.kick' | 'user.resign';
  readonly identifiers: readonly Identifier[];
  readonly subject?: string | undefined;
  readonly reason?: string | undefined;
  readonly effectiveAt?: string | undefined;
  readonly appIds?: readonly string[] | undefined;
  /** The same key with the same request asks once, however often it is sent. */
  readonly key: string;
  /** When it happened, ISO 8601; part of the request that the key names. */
  readonly timestamp: string;
}

export function ask(operator: Operator, request: Request): Promise<unknown> {
  const { type, timestamp, key, ...data } = request;
  return operator.post('/intents', { type, timestamp, data }, { 'idempotency-key': key });
}

const pollMs = 300;

/** Says what was accepted and, when it is waited for, what became of it. */
export async function report(
  answer: unknown,
  { operator, shell, json, wait }: { operator: Operator; shell: Shell; json: boolean; wait: boolean },
): Promise<void> {
  const { status, intents } = readReply(receiptReply, answer);
  const [id] = intents;
  if (!wait || id === undefined) {
    if (json) sayJson(shell, answer);
    else say(shell.stdout, `${status}: ${intents.join(' ')}`);
    return;
  }
  for (;;) {
    const given = await operator.get(`/intents/${encodeURIComponent(id)}`);
    const intent = readReply(intentHistoryReply, given);
    if (intent.status !== 'pending') {
      if (json) sayJson(shell, given);
      else say(shell.stdout, `${id} ${intent.status}`, ...intent.outcomes.map(outcomeLine));
      if (intent.status !== 'succeeded') throw new CommandFailure(exitCodes.endedOtherwise);
      return;
    }
    await sleep(pollMs);
  }
}
