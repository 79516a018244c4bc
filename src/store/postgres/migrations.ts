import { randomBytes } from 'node:crypto';
import { firstPreviousHash } from '../../core/outcome.ts';
import { StoreMoved, StoreUnavailable } from '../contract.ts';
import type { Row } from '../rows.ts';
import { refuseNewer } from '../versions.ts';
import { openDatabase, type Queries, schema } from './connection.ts';
import { locks } from './locks.ts';

/**
 * The numbered migrations; each is run once, in order, by whoever starts first. They are only ever added to.
 * `docs/storage.md` says what every table and column means.
 */
const migrations: readonly string[] = [
  `
  create table store (
    id text not null
  );

  create sequence intent_numbers;
  create table intents (
    seq bigint primary key,
    source text not null,
    event_id text not null,
    part bigint not null,
    person text not null,
    action text not null,
    status text not null,
    urgent smallint not null,
    due_at bigint,
    user_id_type text not null,
    cap integer not null default 50,
    acted smallint not null default 0,
    exempt smallint not null,
    brought smallint not null,
    counted_at bigint,
    lease_token text,
    received_at bigint not null,
    settled_at bigint,
    content_digest text not null,
    facts text not null,
    progress text
  ) with (fillfactor = 80);
  create index intents_by_event on intents (source, event_id, part);
  create index intents_due on intents (urgent, action, due_at, seq) where due_at is not null;
  create index intents_counted on intents (action, counted_at) where counted_at is not null;
  create index intents_held on intents (seq) where status = 'held';
  create index intents_settled on intents (settled_at) where settled_at is not null;

  create table marks (
    mark text not null,
    intent bigint not null,
    primary key (mark, intent)
  );
  create index marks_by_intent on marks (intent);

  create table outcomes (
    seq bigint generated always as identity primary key,
    intent bigint,
    recorded_at bigint not null,
    draft text not null,
    position bigint,
    previous_hash text,
    hash text
  );
  create unique index outcomes_by_position on outcomes (position) where position is not null;
  create index outcomes_unsequenced on outcomes (seq) where position is null;
  create index outcomes_by_intent on outcomes (intent) where intent is not null;
  create index outcomes_by_time on outcomes (recorded_at);

  create table trail (
    position bigint not null,
    hash text not null
  );

  create table cursors (
    publisher text primary key,
    position bigint not null,
    lease_token text,
    lease_until bigint
  );

  create table dead_letters (
    seq bigint generated always as identity primary key,
    source text not null,
    event_id text not null,
    part bigint not null,
    received_at bigint not null,
    faults text not null,
    tries integer not null default 1,
    status text not null,
    content_digest text not null,
    method text not null,
    query text not null,
    headers text not null,
    body bytea not null,
    position text
  );
  create index dead_letters_by_event on dead_letters (source, event_id, part);
  create index dead_letters_open on dead_letters (seq) where status = 'open';

  create table pauses (
    scope text primary key,
    by text not null,
    at bigint not null,
    reason text
  );

  create table notes (
    key text primary key,
    text text not null,
    expires_at bigint not null
  );
  create index notes_by_expiry on notes (expires_at);
  `,
  `
  alter table outcomes add column salt text;
  alter table outcomes add column sealed text;
  alter table cursors add column seen_at bigint;
  `,
  `
  alter table intents add column foreseen smallint not null default 0;
  alter table intents add column held_set bigint;
  create index intents_unforeseen on intents (seq)
    where status = 'scheduled' and action = 'resign' and exempt = 0 and foreseen = 0;
  create index intents_ungathered on intents (seq) where status = 'held' and held_set is null;
  create index intents_by_set on intents (held_set, status) where held_set > 0;
  create table held_sets (
    seq bigint generated always as identity primary key,
    source text not null,
    action text not null,
    code text not null,
    actor text,
    about text not null,
    since bigint not null,
    last_at bigint not null,
    verdict text,
    decided_by text,
    decided_at bigint,
    reason text
  );
  create index held_sets_by_kind on held_sets (source, action, code, about);
  create index held_sets_undecided on held_sets (since) where verdict is null;
  `,
  `
  create unlogged table turns (
    name text primary key,
    next_at double precision not null
  );
  `,
  `
  alter table marks drop constraint marks_pkey;
  create index marks_by_mark on marks using hash (mark);
  drop index intents_by_event;
  create index intents_by_event on intents using hash (event_id);
  `,
];

/**
 * Brings the schema up to date, and gives the id of the store.
 * @throws StoreUnavailable when a newer release wrote it, or a store is being moved to it
 */
export async function migrate(url: string, { isMoving = false } = {}): Promise<string> {
  // An index of many rows takes its time to make, and so does whoever makes it first.
  const database = openDatabase(url, { isPatient: true });
  try {
    return await database.transaction((queries) => takeMigrations(queries, { isMoving }));
  } finally {
    await database.close();
  }
}

async function takeMigrations(
  queries: Queries,
  { isMoving }: { readonly isMoving: boolean },
): Promise<string> {
  await queries.run('select pg_advisory_xact_lock(:class, 0)', { class: locks.migration });
  const there = await lookAround(queries);
  if (there?.moving === true && !isMoving) {
    throw new StoreMoved('a store is being moved to the database: finish that by migrate-store');
  }
  if (there?.schema !== true) await queries.run(`create schema ${schema}`);
  if (there?.table !== true) await queries.run('create table migrations (version integer primary key)');
  const version = await readVersion(queries);
  refuseNewer(version, migrations.length);
  for (let next = version; next < migrations.length; next += 1) await takeMigration(queries, next);
  return String((await queries.get('select id from store'))?.id);
}

/** What is there of the schema, and whether this user may make what is not. */
function lookAround(queries: Queries): Promise<Row | undefined> {
  return queries.get(
    `select to_regnamespace(:schema) is not null as schema, to_regclass(:table) is not null as table,
       to_regclass(:moving) is not null as moving,
       coalesce(has_schema_privilege(to_regnamespace(:schema)::oid, 'create'),
         has_database_privilege(current_database(), 'create')) as may_make`,
    { schema, table: `${schema}.migrations`, moving: `${schema}.moving` },
  );
}

async function readVersion(queries: Queries): Promise<number> {
  const row = await queries.get('select coalesce(max(version), 0) as version from migrations');
  return Number(row?.version);
}

/**
 * See `migrationsBehind` of `open.ts`.
 * @throws StoreUnavailable when the database cannot be reached, a newer release wrote it, or this user may not make it
 */
export async function migrationsBehind(url: string): Promise<number | null> {
  const database = openDatabase(url);
  try {
    const there = await lookAround(database);
    if (there?.table !== true) {
      if (there?.may_make === true) return null;
      throw new StoreUnavailable(`the user of the database may not make the schema ${schema}`);
    }
    const version = await readVersion(database);
    refuseNewer(version, migrations.length);
    return version === 0 ? null : migrations.length - version;
  } finally {
    await database.close();
  }
}

async function takeMigration(queries: Queries, index: number): Promise<void> {
  for (const sql of (migrations[index] ?? '').split(';')) if (sql.trim() !== '') await queries.run(sql);
  if (index === 0) {
    await queries.run('insert into store (id) values (:id)', { id: randomBytes(5).toString('hex') });
    await queries.run('insert into trail (position, hash) values (0, :hash)', { hash: firstPreviousHash });
  }
  await queries.run('insert into migrations (version) values (:version)', { version: index + 1 });
}
