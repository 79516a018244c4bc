import { setTimeout as sleep } from 'node:timers/promises';
import { signStandardWebhook } from '../../src/cli/demo-deliveries.ts';
import { intentsOf, person, read } from '../e2e/house.ts';
import { webhookSecret } from './programs.ts';

/** A resign that the bridge has answered for. */
export interface Acknowledged {
  readonly userId: string;
  readonly intentId: string;
}

export interface SendersOptions {
  /** Where the bridge is at the moment. */
  readonly url: () => string;
  readonly people: number;
  readonly senders: number;
}

/** Tells of each person's leaving as a vendor does: again and again, until it is acknowledged. */
export function createSenders({ url, people, senders }: SendersOptions) {
  const acknowledged: Acknowledged[] = [];
  const numbers = Array.from({ length: people }, (_, index) => index + 1).values();

  async function send(number: number): Promise<Acknowledged> {
    const { userId, email } = person(number);
    const data = { userIdType: 'email', userId: email };
    const event = { type: 'user.resign', timestamp: new Date().toISOString(), data };
    const { headers, body } = signStandardWebhook(event, webhookSecret);
    for (;;) {
      const signal = AbortSignal.timeout(5_000);
      const answer = await fetch(`${url()}/hooks/bench`, { method: 'POST', headers, body, signal })
        .then(read)
        .catch(() => null);
      if (answer?.status === 200) return { userId, intentId: intentsOf(answer)[0] ?? '' };
      await sleep(10);
    }
  }

  async function sendEach(): Promise<void> {
    for (const number of numbers) acknowledged.push(await send(number));
  }

  const done = Promise.all(Array.from({ length: senders }, sendEach));
  return { acknowledged: acknowledged as readonly Acknowledged[], done };
}
