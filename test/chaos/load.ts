import { setTimeout as delay } from 'node:timers/promises';
import { event, person } from '../e2e/house.ts';
import type { Stage } from './stage.ts';

/** People who leave, one after the other, for as long as it goes on. */
export interface Load {
  /** The ids under which each was acknowledged, by the person. */
  readonly acknowledged: ReadonlyMap<string, readonly string[]>;
  /** Deliveries that were acknowledged under other ids when they came again. */
  readonly forked: readonly string[];
  /** Lets what was begun be acknowledged, and ends. */
  stop(): Promise<void>;
}

export interface LoadOptions {
  readonly senders: number;
  /** How long each waits between two people, in milliseconds. */
  readonly pauseMs: number;
}

/**
 * Sends each delivery until it is acknowledged; every fourth person is signed out first, every third is told of twice. Where there
 * is a Kafka, every fifth is told of by that. */
export function startLoad({ fleet, emulator, kafka }: Stage, { senders, pauseMs }: LoadOptions): Load {
  const acknowledged = new Map<string, readonly string[]>();
  const forked: string[] = [];
  let isOver = false;
  let newest = 0;

  async function leave(number: number): Promise<void> {
    const who = person(number);
    emulator.addUsers([who]);
    const named = { userIdType: 'email', userId: who.email };
    if (kafka && number % 5 === 0) {
      const told = { type: 'user.resign', timestamp: new Date().toISOString(), data: named };
      await kafka.events.send({ key: who.email, value: JSON.stringify(told) });
      acknowledged.set(who.userId, []);
      return;
    }
    const ids: string[] = [];
    const deliveries = [event('user.resign', named)];
    if (number % 4 === 0) deliveries.unshift(event('user.kick', named));
    for (const delivery of deliveries) {
      const first = await fleet.deliver(delivery, number);
      ids.push(...first);
      if (number % 3 > 0) continue;
      const second = await fleet.deliver(delivery, number + 1);
      if (String(first) !== String(second)) forked.push(...second);
    }
    acknowledged.set(who.userId, ids);
  }

  const sending = Array.from({ length: senders }, async () => {
    while (!isOver) {
      newest += 1;
      await leave(newest);
      await delay(pauseMs);
    }
  });
  return {
    acknowledged,
    forked,
    async stop() {
      isOver = true;
      await Promise.all(sending);
    },
  };
}
