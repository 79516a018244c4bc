import { afterEach, expect, it } from '@jest/globals';
import { until } from '../support/until.ts';
import { event, type House, inHouse, intentsOf, person, read } from './house.ts';
import { endProcesses } from './process.ts';

afterEach(endProcesses);

const senders = 16;
const mebibyte = 2 ** 20;
const patience = { patienceMs: 40_000, intervalMs: 50 };

/** People leave without end; nobody who was turned away is sent again. */
function sendWithoutEnd(house: House) {
  const acknowledged: string[] = [];
  const turnedAway: (string | null)[] = [];
  let isOver = false;
  let newest = 0;

  async function send(): Promise<void> {
    newest += 1;
    const who = person(newest);
    house.emulator.addUsers([who]);
    const { source, headers, body } = event('user.resign', { userIdType: 'email', userId: who.email });
    const response = await fetch(`${house.url}/hooks/${source}`, { method: 'POST', headers, body });
    if (response.status === 503) turnedAway.push(response.headers.get('retry-after'));
    const answer = await read(response);
    if (response.status !== 503) acknowledged.push(...intentsOf(answer));
  }

  const sending = Array.from({ length: senders }, async () => {
    while (!isOver) await send();
  });
  return {
    acknowledged,
    turnedAway,
    stop: () => {
      isOver = true;
      return Promise.all(sending);
    },
  };
}

async function readMetric({ adminUrl }: House, name: string): Promise<number> {
  const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
  const line = metrics.split('\n').find((one) => one.startsWith(`offboard_bridge_${name} `));
  return Number(line?.split(' ')[1]);
}

const readMemory = (house: House): Promise<number> => readMetric(house, 'process_resident_memory_bytes');

it(
  'a sender that never stops is turned away while GenAuth is slow, costs no more memory, and is let in again after',
  inHouse(
    async (house) => {
      const { emulator } = house;
      emulator.setFaults({ calls: [{ kind: 'latency', ms: 1_500 }] });
      await house.start();
      const { acknowledged, turnedAway, stop } = sendWithoutEnd(house);
      await until(() => turnedAway.length > 0, 'somebody is turned away', patience);
      const before = await readMemory(house);
      await until(() => turnedAway.length > 3_000, 'many are turned away', patience);
      const after = await readMemory(house);
      const isToldOf = async () => (await readMetric(house, 'degraded{code="backlog_full"}')) === 1;
      await until(isToldOf, 'the metrics say why', patience);
      expect(new Set(turnedAway.map(Number)).has(Number.NaN)).toBe(false);
      expect(Math.min(...turnedAway.map(Number))).toBeGreaterThan(0);
      expect(after).toBeLessThan(Math.max(256 * mebibyte, before + 64 * mebibyte));
      const letIn = acknowledged.length;
      expect(letIn).toBeLessThan(5_000);
      emulator.setFaults({});
      await until(() => acknowledged.length > letIn + 300, 'some are let in again', patience);
      await stop();
      const isDone = async (): Promise<boolean> => {
        const { figures } = (await house.ask('/status')).body as {
          figures: { due: number; unsequenced: number };
        };
        return figures.due === 0 && figures.unsequenced === 0;
      };
      await until(isDone, 'everything is done', patience);
      const ends = new Set(
        (await house.outcomes()).flatMap(({ type, data }) =>
          type === 'user.resign.succeeded' && 'intentId' in data ? [data.intentId] : [],
        ),
      );
      expect(acknowledged.filter((id) => !ends.has(id))).toEqual([]);
    },
    { limits: { backlog: 300 }, leavers: { safeguard: 'off', endSessions: false } },
  ),
  120_000,
);
