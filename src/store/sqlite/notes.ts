import type { Note } from '../contract.ts';
import type { Connection } from './connection.ts';

/** Expired notes that one write clears away; more than it adds, so that they never pile up. */
const clearedPerWrite = 10;

/** Keeps a note; see `Store.keepNote`. */
export function keepNote(connection: Connection, { key, text, expiresAt }: Note, now: number): void {
  connection.run(
    'delete from notes where key in (select key from notes where expires_at <= :now limit :limit)',
    { now, limit: clearedPerWrite },
  );
  connection.run(
    `insert into notes (key, text, expires_at) values (:key, :text, :expiresAt)
     on conflict (key) do update set text = excluded.text, expires_at = excluded.expires_at`,
    { key, text, expiresAt },
  );
}

/** The text of a note that has not expired. */
export function findNote(connection: Connection, key: string, now: number): string | null {
  const row = connection.get('select text from notes where key = :key and expires_at > :now', { key, now });
  return row ? String(row.text) : null;
}
