import { type Log, traceOf } from '../core/log.ts';
import { createLoop, type Loop } from '../core/loop.ts';
import type { Dispatcher } from '../dispatcher/dispatcher.ts';
import type { Headcount } from '../dispatcher/headcount.ts';
import type { Protection } from '../dispatcher/protection.ts';
import type { Relay } from '../publishers/relay.ts';
import type { Stream } from '../publishers/stream.ts';

/** The loops of the dispatch and the publish leg. They never call one another; they are nudged. */
export interface Legs {
  start(upkeep: ListenersUpkeep): void;
  wakeDispatch(): void;
  wakePublish(): void;
  /** Wakes those who tell and read outcomes that have their place. */
  wakeReaders(): void;
  /** Finishes what is in flight, then publishes what it came to. */
  stop(): Promise<void>;
}

/** What is done now and again on behalf of the listeners. */
export interface ListenersUpkeep {
  /** Carries out what was decided about sets of what is held, where a crash left it undone. */
  readonly finishHeld: () => Promise<number>;
  /** Puts into the log what does not work, and what works again. */
  readonly noteTroubles: () => Promise<number>;
}

export interface LegsOptions {
  readonly dispatcher: Dispatcher;
  /** How many batches are carried out at a time. */
  readonly concurrency: number;
  readonly protection: Protection;
  readonly headcount: Headcount;
  /** Looks after what is held, and says how much of it. */
  readonly tendHeld: () => Promise<number>;
  readonly sequencer: { tick(): Promise<number> };
  readonly relays: readonly { readonly name: string; readonly relay: Relay }[];
  readonly stream: Stream;
  /** Deletes what is past its retention, and says how much. */
  readonly prune: () => Promise<number>;
  /** Puts a checkpoint into the trail when it is time. */
  readonly checkpoint: () => Promise<number>;
  /** Remembers when each source last sent something. */
  readonly noteActivity: () => Promise<number>;
  readonly log: Log;
}

/** How long a leg sleeps when there is nothing to do and nobody nudges it, in milliseconds. */
const idleMs = {
  dispatch: 200,
  publish: 200,
  prune: 3_600_000,
  checkpoint: 60_000,
  activity: 60_000,
  protection: 600_000,
  protectionWanted: 2_000,
  headcount: 60_000,
  held: 1_000,
  finishHeld: 10_000,
  troubles: 2_000,
};

export function createLegs(options: LegsOptions): Legs {
  const { dispatcher, protection, sequencer, relays, stream, log } = options;
  const leg = (name: string, tick: () => Promise<number>, idle: number): Loop =>
    createLoop({
      tick,
      idleMs: idle,
      onError: (error) => log.error({ leg: name, ...traceOf(error) }, 'a leg stumbled'),
    });
  const dispatch = Array.from({ length: options.concurrency }, () =>
    leg('dispatch', dispatcher.tick, idleMs.dispatch),
  );
  const relaying = relays.map(({ name, relay }) => leg(`relay ${name}`, relay.tick, idleMs.publish));
  const sequence = leg('sequence', sequenceAndNudge, idleMs.publish);
  const held = leg('held', options.tendHeld, idleMs.held);
  const upkeep = [
    held,
    leg('prune', options.prune, idleMs.prune),
    leg('checkpoint', options.checkpoint, idleMs.checkpoint),
    leg('activity', options.noteActivity, idleMs.activity),
    ...protectionLegs(protection, leg),
    leg('headcount', options.headcount.tick, idleMs.headcount),
  ];

  async function sequenceAndNudge(): Promise<number> {
    const placed = await sequencer.tick();
    if (placed > 0) wakeReaders();
    return placed;
  }

  function wakeReaders(): void {
    for (const sleeper of [...relaying, stream]) sleeper.nudge();
  }

  return {
    start({ finishHeld, noteTroubles }) {
      upkeep.push(leg('finish held', finishHeld, idleMs.finishHeld));
      upkeep.push(leg('troubles', noteTroubles, idleMs.troubles));
      for (const one of [sequence, ...relaying, ...upkeep, ...dispatch]) one.start();
    },
    wakeDispatch() {
      for (const one of [...dispatch, held]) one.nudge();
    },
    wakePublish: sequence.nudge,
    wakeReaders,
    async stop() {
      await stopAll([...dispatch, ...upkeep]);
      await options.noteActivity();
      await stopAll([sequence]);
      await drain(sequencer);
      await stopAll(relaying);
      for (const { relay } of relays) await drain(relay);
    },
  };
}

async function stopAll(legs: readonly Loop[]): Promise<void> {
  await Promise.all(legs.map((one) => one.stop()));
}

/** Does what is left of a leg's work; what cannot be done now is done by the next start. */
async function drain({ tick }: { tick(): Promise<number> }): Promise<void> {
  while ((await tick()) > 0);
}

/** Protected people are looked up at once, often until each was found out about, and then now and again. */
function protectionLegs(
  protection: Protection,
  leg: (name: string, tick: () => Promise<number>, idle: number) => Loop,
): readonly Loop[] {
  if (protection.isEmpty) return [];
  const refreshIf = (wanted: () => boolean) => async (): Promise<number> => {
    if (wanted()) await protection.refresh();
    return 0;
  };
  return [
    leg(
      'protection',
      refreshIf(() => !protection.isReady),
      idleMs.protectionWanted,
    ),
    leg(
      'protection',
      refreshIf(() => protection.isReady),
      idleMs.protection,
    ),
  ];
}
