import { type IntentFacts, identifierInTurn } from '../core/intent.ts';
import { type OutcomeDraft, recordOutcome } from '../core/outcome.ts';
import { erasedText } from '../core/seal.ts';
import type { Erasure, ErasureCounts } from './contract.ts';
import { progressJson, type StoredIntent } from './rows.ts';

/** The columns of an intent whose person is erased; the row stays, so that its event is known when it comes again. */
export function erasedColumns({ seq, intent }: StoredIntent) {
  const { action, appIds, actor, occurredAt, effectiveAt, retryOf, broughtBy, traceparent } = intent;
  const { userIdType } = identifierInTurn(intent);
  const facts: IntentFacts = {
    action,
    identifiers: [{ userIdType, userId: erasedText }],
    subject: null,
    appIds,
    reason: null,
    requestedBy: null,
    actor,
    occurredAt,
    effectiveAt,
    retryOf,
    broughtBy,
    traceparent,
  };
  const progress = progressJson({
    ...intent,
    identifierIndex: 0,
    seenUserId: null,
    decisions: intent.decisions.map((one) => ({ ...one, reason: null })),
    answer: intent.answer && { ...intent.answer, message: null },
    resolution: null,
  });
  return { seq, person: erasedText, facts: JSON.stringify(facts), progress };
}

/** The intents that stand in the way of an erasure. */
export function openOnes(stored: readonly StoredIntent[]): string[] {
  return stored.filter(({ intent }) => intent.settledAt === null).map(({ intent }) => intent.id);
}

/** What the rows of a person's outcomes hold, also of those whose intents were pruned. No text can imitate its quotes. */
export function personInDraft(person: string): string {
  return `"person":${JSON.stringify(person)}`;
}

/**
 * Whether a body has an identifier in it as a word of its own: in plain UTF-8, as a form writes it, with the escapes of
 * JSON, or as both do. A number may have its country code before it. What is encrypted or packed nobody can search.
 */
export function isNamedIn(body: Uint8Array, userId: string): boolean {
  const literal = userId.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  const word = new RegExp(`(?<![\\p{L}\\p{N}])(?:\\+\\d{1,3})?${literal}(?![\\p{L}\\p{N}])`, 'iu');
  const text = Buffer.from(body).toString('utf8');
  const fields = [...new URLSearchParams(text)].flat().join('\n');
  return [text, fields].some((one) => word.test(one) || word.test(unescapeJson(one)));
}

function unescapeJson(text: string): string {
  return text
    .replace(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/\\[bfnrt]/g, ' ')
    .replaceAll('\\/', '/');
}

/** That somebody was erased, and by whom; not who it was. */
export function erasureOutcome({ by, at }: Erasure, counts: ErasureCounts): OutcomeDraft {
  const { intents, outcomes, deadLetters } = counts;
  const reason = `${intents} intents, ${outcomes} outcomes, ${deadLetters} dead letters`;
  return recordOutcome({
    type: 'operator.decided',
    source: 'api',
    time: at,
    actor: by,
    reason,
    verdict: 'erased',
  });
}
