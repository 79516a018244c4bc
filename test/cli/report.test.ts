import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { signStandardWebhook } from '../../src/cli/demo-deliveries.ts';
import { atBench, type Bench, runCommand, webhookSecret } from './bench.ts';

interface Said {
  readonly counts: Readonly<Record<string, number>>;
  readonly intents: readonly { readonly kind: string; readonly userId: string }[];
}

async function deliver({ bridge }: Bench, type: string, data: object | null, to = 'shadow'): Promise<void> {
  const event = { type, timestamp: new Date().toISOString(), data };
  const { headers, body } = signStandardWebhook(event, webhookSecret);
  const response = await fetch(`${bridge.url}/hooks/${to}`, { method: 'POST', headers, body });
  await response.body?.cancel();
}

const named = (userId: string, extra: object = {}) => ({ userIdType: 'email', userId, ...extra });

async function reported({ command }: Bench, source = 'shadow'): Promise<{ code: number; said: Said }> {
  for (;;) {
    const { code, out } = await command(['report', '--source', source, '--json'], { as: 'vera' });
    const said = JSON.parse(out) as Said;
    if (said.counts.waiting === 0) return { code, said };
    await delay(20);
  }
}

describe('report', () => {
  it(
    'says what a source that is watched would have done, and what is to be looked into',
    atBench(async (bench) => {
      const { command, emulator } = bench;
      const empty = await command(['report', '--source', 'shadow']);
      expect([empty.code, empty.out]).toEqual([4, expect.stringMatching(/^shadow: 0 intents since /)]);
      await deliver(bench, 'user.resign', named('ada@example.com'));
      await deliver(bench, 'user.kick', named('grace@example.com'));
      const good = await reported(bench);
      expect([good.code, good.said.counts]).toEqual([
        0,
        expect.objectContaining({ 'would resign': 1, 'would kick': 1, 'not found': 0, acted: 0 }),
      ]);

      await deliver(bench, 'user.resign', named('nobody@example.com'));
      const conflict = {
        identifiers: [named('ada@example.com'), { userIdType: 'username', userId: 'grace' }],
      };
      await deliver(bench, 'user.resign', conflict);
      await deliver(bench, 'user.withdraw', named('alan@example.com'));
      await deliver(bench, 'user.resign', null);
      const { code, said } = await reported(bench);
      expect(code).toBe(4);
      expect(said).toMatchObject({
        counts: { 'would resign': 1, 'not found': 1, contradicting: 1, withdraw: 1 },
        openDeadLetters: 1,
        unverified: 0,
      });
      const text = await command(['report', '--source', 'shadow'], { as: 'vera' });
      expect(text.out).toMatch(/not found +\S+ +email:nobody@example.com .*user_not_found/);
      expect(text.out).toMatch(/open dead letters +1/);
      expect(emulator.calls().filter(({ endpoint }) => /kick-users|resign/.test(endpoint))).toEqual([]);
      const older = await command(['report', '--source', 'shadow', '--since', '0ms'], { as: 'vera' });
      expect(older.out).toMatch(/^shadow: 0 intents/);
    }),
  );

  it(
    'says that a source has acted, and refuses one that is not there',
    atBench(async (bench) => {
      const { command } = bench;
      await deliver(bench, 'user.kick', named('ada@example.com'), 'scripts');
      expect((await reported(bench, 'scripts')).said.counts.acted).toBe(1);
      const { code, out } = await command(['report', '--source', 'scripts'], { as: 'vera' });
      expect([code, out]).toEqual([0, expect.stringContaining('It is not only watched: it has acted.')]);
      expect((await command(['report', '--source', 'nowhere'])).code).toBe(3);
      expect((await command(['report', '--source', 'scripts', '--since', 'soon'])).code).toBe(2);
    }),
  );

  it('says in its help how far back it looks, as one would write it', async () => {
    const { out } = await runCommand(['report', '--help']);
    expect(out).toMatch(/--since <duration> +how far back \(default: 7d\)\n/);
  });
});
