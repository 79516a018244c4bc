import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { StoreUnavailable } from '../contract.ts';
import { connectionOptions, type Database } from './connection.ts';
import { explain } from './errors.ts';
import { locks } from './locks.ts';

/** What there is for other processes to do: intents to claim and outcomes to place, or outcomes to tell. */
export type Nudge = 'work' | 'outcomes';

const channel = 'offboard_bridge';
const reconnectDelayMs = 1_000;

/**
 * Wakes other processes by NOTIFY, and hears of their doings by LISTEN, on a connection of its own, which also shows
 * that a bridge runs here. It makes up for nothing that was lost: legs look for themselves, too.
 */
export interface Nudges {
  /** Tells the others, soon; what comes before it went out shares it. */
  send(nudge: Nudge): void;
  close(): Promise<void>;
}

export interface NudgesOptions {
  readonly url: string;
  readonly database: Pick<Database, 'run'>;
  readonly onNudge: (nudge: Nudge) => void;
}

export async function openNudges({ url, database, onNudge }: NudgesOptions): Promise<Nudges> {
  const self = randomUUID();
  let closed = false;
  /** The newest connection, also while it is being made. */
  let listener: pg.Client | null = null;
  let reconnecting: NodeJS.Timeout | undefined;
  const sending = new Map<Nudge, Promise<void>>();
  const again = new Set<Nudge>();

  function hear({ payload = '' }: pg.Notification): void {
    const [from, nudge] = payload.split(' ');
    if (from !== self && (nudge === 'work' || nudge === 'outcomes')) onNudge(nudge);
  }

  async function listen(): Promise<void> {
    const client = new pg.Client(connectionOptions(url));
    listener = client;
    client.on('notification', hear);
    client.on('error', () => undefined);
    client.once('end', () => {
      if (!closed) reconnecting = setTimeout(relisten, reconnectDelayMs);
    });
    await client.connect();
    const { rows } = await client.query('select pg_try_advisory_lock_shared($1, 0) as mine', [locks.running]);
    if (rows[0]?.mine !== true) {
      await client.end();
      throw new StoreUnavailable('a store is being moved to the database');
    }
    await client.query(`listen ${channel}`);
  }

  function stopListening(): void {
    closed = true;
    clearTimeout(reconnecting);
  }

  function relisten(): void {
    listen().then(
      // What came while nobody listened is looked for.
      () => {
        onNudge('work');
        onNudge('outcomes');
      },
      () => undefined,
    );
  }

  async function notify(nudge: Nudge): Promise<void> {
    do {
      again.delete(nudge);
      // It can be lost: the others look for themselves.
      await database
        .run('select pg_notify(:channel, :payload)', { channel, payload: `${self} ${nudge}` })
        .catch(() => undefined);
    } while (again.has(nudge));
    sending.delete(nudge);
  }

  try {
    await listen();
  } catch (error) {
    stopListening();
    throw explain(error);
  }
  return {
    send(nudge) {
      if (closed) return;
      if (sending.has(nudge)) again.add(nudge);
      else sending.set(nudge, notify(nudge));
    },
    async close() {
      stopListening();
      again.clear();
      await Promise.all(sending.values());
      await listener?.end().catch(() => undefined);
    },
  };
}
