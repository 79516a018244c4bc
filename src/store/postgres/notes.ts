import type { Note } from '../contract.ts';
import type { Queries } from './connection.ts';

/** Expired notes that one write clears away; more than it adds, so that they never pile up. */
const clearedPerWrite = 10;

/** Keeps a note; see `Store.keepNote`. */
export async function keepNote(queries: Queries, { key, text, expiresAt }: Note, now: number): Promise<void> {
  await queries.run(
    `delete from notes where key in (
       select key from notes where expires_at <= :now limit :limit for update skip locked)`,
    { now, limit: clearedPerWrite },
  );
  await queries.run(
    `insert into notes (key, text, expires_at) values (:key, :text, :expiresAt)
     on conflict (key) do update set text = excluded.text, expires_at = excluded.expires_at`,
    { key, text, expiresAt },
  );
}

/** The text of a note that has not expired. */
export async function findNote(queries: Queries, key: string, now: number): Promise<string | null> {
  const row = await queries.get('select text from notes where key = :key and expires_at > :now', {
    key,
    now,
  });
  return row ? String(row.text) : null;
}
