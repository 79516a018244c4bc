import type { Intent } from '../../core/intent.ts';
import { hasKin } from '../acceptance.ts';
import { type Row, readIntent, type StoredIntent } from '../rows.ts';
import type { Transaction } from './connection.ts';
import { lockRows } from './locks.ts';
import type { Part } from './part.ts';
import { pivot, storableText } from './sql.ts';

/** An intent that a part may repeat. */
interface Repeat {
  readonly seq: number;
  readonly receivedAt: number;
  readonly contentDigest: string;
  /** Something newer came about that person, from the same source. */
  readonly isOvertaken: boolean;
}

/** What is known of the events and the people of a group of deliveries, as it stands after those before. */
export interface Ledger {
  /**
   * The intent that a part repeats. The same event id is the same event. The same bytes without an event id are so
   * only within the sender's retry span, and only while nothing newer came about that person: somebody who was hired
   * again and leaves again is reported with the same bytes.
   */
  findRepeat(part: Part): Repeat | null;
  /** The intents of the same person that an arrival can change, or be changed by; see `judgeArrival`. */
  kinOf(marks: readonly string[]): StoredIntent[];
  add(part: Part, stored: StoredIntent): void;
  replace(stored: StoredIntent): void;
}

/** Loads it; the rows of the kin are locked in the order of their numbers. */
export async function loadLedger(tx: Transaction, parts: readonly Part[]): Promise<Ledger> {
  const [repeats, kin] = await Promise.all([loadRepeats(tx, parts), loadKin(tx, parts)]);
  const intents = new Map<number, StoredIntent>();
  const byMark = new Map<string, number[]>();

  function index(stored: StoredIntent, marks: readonly string[]): void {
    intents.set(stored.seq, stored);
    for (const mark of new Set(marks)) byMark.set(mark, [...(byMark.get(mark) ?? []), stored.seq]);
  }

  function find(marks: readonly string[]): StoredIntent[] {
    const found = [...new Set(marks.flatMap((mark) => byMark.get(mark) ?? []))].sort((a, b) => a - b);
    return found.flatMap((seq) => intents.get(seq) ?? []);
  }

  for (const row of kin) {
    index(readIntent(tx, row), row.marks as string[]);
  }

  return {
    findRepeat({ acceptance, part, marks }) {
      const { source, eventId, retrySpanMs, receivedAt } = acceptance;
      const known = repeats.get(eventKey(source, eventId, part));
      if (!known || retrySpanMs === null) return known ?? null;
      const isNewer = ({ seq, intent }: StoredIntent): boolean =>
        seq > known.seq && intent.source === source && intent.broughtBy === null;
      const isOvertaken = known.isOvertaken || find(marks).some(isNewer);
      return isOvertaken || receivedAt - known.receivedAt > retrySpanMs ? null : known;
    },
    kinOf: (marks) => find(marks).filter(({ intent }) => isKin(intent)),
    add({ acceptance, part, marks }, stored) {
      const { source, eventId, receivedAt, contentDigest } = acceptance;
      const { seq } = stored;
      repeats.set(eventKey(source, eventId, part), { seq, receivedAt, contentDigest, isOvertaken: false });
      index(stored, marks);
    },
    replace(stored) {
      intents.set(stored.seq, stored);
    },
  };
}

function eventKey(source: string, eventId: string, part: number): string {
  return JSON.stringify([source, storableText(eventId), part]);
}

function isKin({ action, status, settledAt, broughtBy }: Intent): boolean {
  if (action === 'withdraw') return status === 'succeeded';
  return settledAt === null && (action === 'resign' || broughtBy !== null);
}

async function loadRepeats(tx: Transaction, parts: readonly Part[]): Promise<Map<string, Repeat>> {
  const events = new Map(
    parts.map(({ acceptance: { source, eventId } }) => [eventKey(source, eventId, 0), { source, eventId }]),
  );
  const rows = await tx.all(
    `select i.* from unnest(:source::text[], :eventId::text[]) as e (source, event_id)
     cross join lateral (
       select distinct on (part) source, event_id, part, seq, received_at, content_digest from intents
       where source = e.source and event_id = e.event_id order by part, seq desc
     ) i`,
    pivot([...events.values()], ['source', 'eventId']),
  );
  const areDigests = parts.some(({ acceptance }) => acceptance.retrySpanMs !== null);
  const overtaken = areDigests ? await loadOvertaken(tx, rows) : new Set<number>();
  return new Map(
    rows.map((row) => [
      eventKey(String(row.source), String(row.event_id), Number(row.part)),
      {
        seq: Number(row.seq),
        receivedAt: Number(row.received_at),
        contentDigest: String(row.content_digest),
        isOvertaken: overtaken.has(Number(row.seq)),
      },
    ]),
  );
}

async function loadOvertaken(tx: Transaction, repeated: readonly Row[]): Promise<Set<number>> {
  const rows = await tx.all(
    `select distinct i.seq from intents i
     join marks own on own.intent = i.seq
     join marks other on other.mark = own.mark and other.intent > own.intent
     join intents newer on newer.seq = other.intent and newer.source = i.source and newer.brought = 0
     where i.seq = any(:seqs::bigint[])`,
    { seqs: repeated.map(({ seq }) => seq) },
  );
  return new Set(rows.map(({ seq }) => Number(seq)));
}

async function loadKin(tx: Transaction, parts: readonly Part[]): Promise<Row[]> {
  const marks = parts.filter(({ accepted }) => hasKin(accepted)).flatMap((part) => part.marks);
  if (marks.length === 0) return [];
  const distinct = { marks: [...new Set(marks)] };
  return lockRows(() =>
    tx.all(
      `select i.*, array(select mark from marks where intent = i.seq) as marks from intents i
       where i.seq = any(array(
         select k.seq from intents k
         where k.seq = any(array(select intent from marks where mark = any(:marks::text[])))
           and ((k.settled_at is null and (k.action = 'resign' or k.brought = 1))
             or (k.action = 'withdraw' and k.status = 'succeeded'))))
       order by i.seq for update`,
      distinct,
    ),
  );
}
