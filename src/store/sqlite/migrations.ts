/**
 * The numbered migrations; each is run once, in order, in one transaction. They are only ever added to. `event_mark` is
 * a function of `connection.ts`.
 * `docs/storage.md` says what every table and column means.
 */
export const migrations: readonly string[] = [
  `
  create table store (
    id text not null
  );

  create table intents (
    seq integer primary key autoincrement,
    source text not null,
    event_id text not null,
    part integer not null,
    person text not null,
    action text not null,
    status text not null,
    urgent integer not null default 0,
    due_at integer,
    user_id_type text not null,
    cap integer not null default 50,
    acted integer not null default 0,
    exempt integer not null default 0,
    counted_at integer,
    lease_token text,
    received_at integer not null,
    settled_at integer,
    content_digest text not null,
    facts text not null,
    progress text
  );
  create index intents_by_event on intents (source, event_id, part);
  create index intents_due on intents (urgent, action, due_at, status) where due_at is not null;
  create index intents_counted on intents (action, counted_at) where counted_at is not null;
  create index intents_held on intents (seq) where status = 'held';
  create index intents_settled on intents (settled_at) where settled_at is not null;

  create table marks (
    mark text not null,
    intent integer not null,
    primary key (mark, intent)
  ) without rowid;

  create table outcomes (
    seq integer primary key autoincrement,
    intent integer,
    recorded_at integer not null,
    draft text not null,
    position integer,
    previous_hash text,
    hash text
  );
  create unique index outcomes_by_position on outcomes (position) where position is not null;
  create index outcomes_unsequenced on outcomes (seq) where position is null;
  create index outcomes_by_intent on outcomes (intent) where intent is not null;

  create table trail (
    position integer not null,
    hash text not null
  );

  create table cursors (
    publisher text primary key,
    position integer not null,
    lease_token text,
    lease_until integer
  ) without rowid;

  create table dead_letters (
    seq integer primary key autoincrement,
    source text not null,
    event_id text not null,
    part integer not null,
    received_at integer not null,
    faults text not null,
    tries integer not null default 1,
    status text not null,
    content_digest text not null,
    method text not null,
    query text not null,
    headers text not null,
    body blob not null,
    position text
  );
  create index dead_letters_by_event on dead_letters (source, event_id, part);
  create index dead_letters_open on dead_letters (seq) where status = 'open';

  create table pauses (
    scope text primary key,
    by text not null,
    at integer not null,
    reason text
  ) without rowid;
  `,
  `
  create table notes (
    key text primary key,
    text text not null,
    expires_at integer not null
  ) without rowid;
  create index notes_by_expiry on notes (expires_at);
  `,
  `
  alter table outcomes add column salt text;
  alter table outcomes add column sealed text;
  alter table cursors add column seen_at integer;
  `,
  `
  alter table intents add column foreseen integer not null default 0;
  alter table intents add column held_set integer;
  create index intents_unforeseen on intents (seq)
    where status = 'scheduled' and action = 'resign' and exempt = 0 and foreseen = 0;
  create index intents_ungathered on intents (seq) where status = 'held' and held_set is null;
  create index intents_by_set on intents (held_set, status) where held_set > 0;
  create table held_sets (
    seq integer primary key autoincrement,
    source text not null,
    action text not null,
    code text not null,
    actor text,
    about text not null,
    since integer not null,
    last_at integer not null,
    verdict text,
    decided_by text,
    decided_at integer,
    reason text
  );
  create index held_sets_by_kind on held_sets (source, action, code, about);
  create index held_sets_undecided on held_sets (since) where verdict is null;
  `,
  `
  insert or ignore into marks (mark, intent)
    select event_mark(source, event_id, part), seq from intents order by 1, 2;
  drop index intents_by_event;
  create table flushed (
    upto integer not null
  );
  insert into flushed (upto) select coalesce(max(seq), 0) from intents;
  `,
];
