import { type OutcomeDraft, recordOutcome } from '../core/outcome.ts';
import type { Acceptance, DeadLetter, DeadLetterPayload } from './contract.ts';
import { type Origin, type Row, showId } from './rows.ts';

/** So many parts of a delivery get a dead letter of their own. */
const maxLetters = 10;
const noLetters: ReadonlyMap<number, readonly string[]> = new Map();

/**
 * The faults of the parts that get a dead letter, by their place. Each holds the whole delivery, so that only the first
 * few do; the last of them speaks for all that follow, which are read again with it.
 */
export function lettersOf({ parts }: Acceptance): ReadonlyMap<number, readonly string[]> {
  if (parts.every(({ kind }) => kind === 'intent')) return noLetters;
  const letters = new Map<number, readonly string[]>();
  const unreadable = parts.flatMap((part, place) =>
    part.kind === 'unreadable' ? [[place, part.faults] as const] : [],
  );
  const more = unreadable.length - maxLetters;
  for (const [index, [place, faults]] of unreadable.slice(0, maxLetters).entries()) {
    const isLast = index === maxLetters - 1;
    const rest = isLast && more > 0 ? [`and ${more} more parts that cannot be read`] : [];
    letters.set(place, [...faults, ...rest]);
  }
  return letters;
}

/** The columns of a new dead letter. */
export function deadLetterColumns(acceptance: Acceptance, part: number, faults: readonly string[]) {
  const { source, eventId, receivedAt, contentDigest, payload } = acceptance;
  return {
    source,
    eventId,
    part,
    receivedAt,
    faults: JSON.stringify(faults),
    contentDigest,
    method: payload?.method ?? '',
    query: JSON.stringify(payload?.query ?? {}),
    headers: JSON.stringify(payload?.headers ?? {}),
    body: payload?.body ?? Buffer.alloc(0),
    position: payload?.position ?? null,
  };
}

export function readDeadLetter(origin: Origin, row: Row): DeadLetter {
  return {
    id: showId(origin, Number(row.seq), 'd'),
    source: String(row.source),
    eventId: String(row.event_id),
    part: Number(row.part),
    receivedAt: Number(row.received_at),
    faults: JSON.parse(String(row.faults)) as string[],
    tries: Number(row.tries),
    status: row.status as DeadLetter['status'],
  };
}

export function readPayload(row: Row): DeadLetterPayload {
  return {
    method: String(row.method),
    query: JSON.parse(String(row.query)) as DeadLetterPayload['query'],
    headers: JSON.parse(String(row.headers)) as DeadLetterPayload['headers'],
    body: Buffer.from(row.body as Uint8Array),
    position: row.position === null ? null : String(row.position),
  };
}

/** What is told of a new dead letter. */
export function deadLetterOutcome(
  { source, receivedAt }: Acceptance,
  id: string,
  faults: readonly string[],
): OutcomeDraft {
  const reason = faults.join('; ').slice(0, 1_000);
  return recordOutcome({
    type: 'delivery.dead_lettered',
    source,
    time: receivedAt,
    reference: id,
    reason,
  });
}
