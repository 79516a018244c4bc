import type { Outcome, OutcomeDraft } from '../../core/outcome.ts';
import type { TrailEntry } from '../../core/seal.ts';
import type { OutcomeClaim } from '../contract.ts';
import { placeRows, readEntry, readOutcome, type Trail } from '../trail.ts';
import type { Connection } from './connection.ts';

/** Appends an outcome that the sequencer will give its place. */
export function insertOutcome(connection: Connection, intent: number | null, draft: OutcomeDraft): void {
  connection.run('insert into outcomes (intent, recorded_at, draft) values (:intent, :recordedAt, :draft)', {
    intent,
    recordedAt: draft.time,
    draft: JSON.stringify(draft),
  });
}

/** Gives the oldest outcomes without a place theirs; see `Store.sequence`. */
export function sequence(connection: Connection, limit: number): number {
  const rows = connection.all(
    'select seq, draft from outcomes where position is null order by seq limit :limit',
    {
      limit,
    },
  );
  if (rows.length === 0) return 0;
  const placed = placeRows(connection, rows, readTrail(connection));
  for (const row of placed) {
    connection.run(
      `update outcomes set position = :position, previous_hash = :previousHash, hash = :hash, salt = :salt
       where seq = :seq`,
      { ...row },
    );
  }
  const { position = 0, hash = '' } = placed.at(-1) ?? {};
  connection.run('update trail set position = :position, hash = :hash', { position, hash });
  return rows.length;
}

/** The newest place of the trail, and its hash. */
export function readTrail(connection: Connection): Trail {
  const row = connection.get('select position, hash from trail');
  return { position: Number(row?.position), hash: String(row?.hash) };
}

export function outcomesAfter(connection: Connection, position: number, limit: number): Outcome[] {
  return connection
    .all(
      'select seq, draft, position, previous_hash from outcomes where position > :position order by position limit :limit',
      { position, limit },
    )
    .map((row) => readOutcome(connection, row));
}

export function entriesAfter(connection: Connection, position: number, limit: number): TrailEntry[] {
  return connection
    .all(
      `select seq, draft, position, previous_hash, salt, sealed from outcomes
       where position > :position order by position limit :limit`,
      { position, limit },
    )
    .map((row) => readEntry(connection, row));
}

/** Leases a publisher's next outcomes; see `Store.claimOutcomes`. */
export function claimOutcomes(
  connection: Connection,
  publisher: string,
  claim: OutcomeClaim,
): Outcome[] | null {
  connection.run('insert into cursors (publisher, position) values (:publisher, 0) on conflict do nothing', {
    publisher,
  });
  const cursor = connection.get(
    'select position, lease_token, lease_until from cursors where publisher = :publisher',
    {
      publisher,
    },
  );
  if (!cursor) return null;
  if (cursor.lease_token !== null && Number(cursor.lease_until) > claim.now) return null;
  const outcomes = outcomesAfter(connection, Number(cursor.position), claim.limit);
  if (outcomes.length === 0) return null;
  connection.run(
    'update cursors set lease_token = :token, lease_until = :until where publisher = :publisher',
    {
      publisher,
      token: claim.token,
      until: claim.now + claim.leaseMs,
    },
  );
  return outcomes;
}

/** Notes which publishers there are; see `Store.keepPublishers`. One that was never noted counts from now on. */
export function keepPublishers(
  connection: Connection,
  names: readonly string[],
  { forgetBefore, now }: { forgetBefore: number; now: number },
): string[] {
  connection.run(
    `update cursors set seen_at = :now
     where seen_at is null or publisher in (select value from json_each(:names))`,
    { now, names: JSON.stringify(names) },
  );
  return connection
    .all('delete from cursors where seen_at < :forgetBefore returning publisher', { forgetBefore })
    .map((row) => String(row.publisher));
}

/** Moves a cursor and ends its lease; see `Store.settleOutcomes`. */
export function settleOutcomes(
  connection: Connection,
  publisher: string,
  token: string,
  position: number,
): boolean {
  const { changes } = connection.run(
    `update cursors set position = max(position, :position), lease_token = null, lease_until = null
     where publisher = :publisher and lease_token = :token`,
    { publisher, token, position },
  );
  return changes === 1;
}
