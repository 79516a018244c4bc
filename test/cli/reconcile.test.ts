import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { atBench, type Bench, type Ran, type RunOptions } from './bench.ts';

const resigned = {
  userId: 'd'.repeat(24),
  email: 'gone@example.com',
  externalId: '1009',
  status: 'Resigned',
} as const;

/** Compares a file with what GenAuth has. */
async function reconcile(
  { folder, yaml, command, emulator }: Bench,
  csv: string,
  { line = [], ...options }: RunOptions & { line?: readonly string[] } = {},
): Promise<Ran> {
  if (!emulator.users().some(({ userId }) => userId === resigned.userId)) emulator.addUsers([resigned]);
  const [file, config] = [join(folder, 'leavers.csv'), join(folder, 'bridge.yaml')];
  await writeFile(file, csv);
  await writeFile(config, yaml);
  return command(['reconcile', '--source', 'hr', '--config', config, '--file', file, ...line], options);
}

const intentsOf = async ({ command }: Bench) =>
  JSON.parse((await command(['intents', '--json'])).out).intents;
const acts = ({ emulator }: Bench) =>
  emulator.calls().filter(({ endpoint }) => /^(resign|kick)/.test(endpoint));

const leavers = [
  'external_id,email,subject,effectiveAt,reason',
  ',ada@example.com,1001,2026-01-01T00:00:00Z,contract ended',
  '1009,,,,',
  ',nobody@example.com,,,',
  'unknown,grace@example.com,,,',
  ',alan@example.com,,2999-01-01T00:00:00Z,',
].join('\n');

describe('reconcile --file', () => {
  it(
    'lists who is still active, and asks for nobody',
    atBench(async (bench) => {
      const { code, out, err } = await reconcile(bench, leavers);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out.split('\n')).toEqual([
        'line 2  active   email:ada@example.com',
        'line 5  active   external_id:unknown email:grace@example.com',
        'line 4  unknown  email:nobody@example.com',
        '5 in the file: 2 still active, 1 no longer, 1 unknown to GenAuth, 1 to leave later',
        '',
      ]);
      expect(await intentsOf(bench)).toEqual([]);
      expect(acts(bench)).toEqual([]);
    }),
  );

  it(
    'says the same to machines',
    atBench(async (bench) => {
      const { code, out } = await reconcile(bench, leavers, { line: ['--json'] });
      expect([code, JSON.parse(out)]).toEqual([
        0,
        {
          active: [
            {
              line: 2,
              identifiers: [{ userIdType: 'email', userId: 'ada@example.com' }],
              userId: '6319a1504f3b4c0f214dd5b1',
            },
            {
              line: 5,
              identifiers: [
                { userIdType: 'external_id', userId: 'unknown' },
                { userIdType: 'email', userId: 'grace@example.com' },
              ],
              userId: '6319a1504f3b4c0f214dd5b2',
            },
          ],
          unknown: [{ line: 4, identifiers: [{ userIdType: 'email', userId: 'nobody@example.com' }] }],
          inactive: 1,
          later: 1,
        },
      ]);
    }),
  );

  it(
    'asks for those who are still active when it is told to, once, and another person has to approve',
    atBench(async (bench) => {
      for (const _time of ['once', 'again']) {
        const { code, err } = await reconcile(bench, leavers, { line: ['--apply'] });
        expect([code, err]).toEqual([0, '2 asked for; the same day asks for nobody twice\n']);
      }
      const asked = await intentsOf(bench);
      expect(asked).toHaveLength(2);
      expect(asked).toEqual(
        expect.arrayContaining([
          expect.objectContaining({
            action: 'resign',
            status: 'held',
            userId: 'ada@example.com',
            subject: '1001',
            reason: 'contract ended',
          }),
          expect.objectContaining({
            action: 'resign',
            status: 'held',
            reason: 'still active, and among the leavers of hr',
          }),
        ]),
      );
      expect(acts(bench)).toEqual([]);
    }),
  );

  it(
    'does nothing with a file that has faults, and names them all by line',
    atBench(async (bench) => {
      const csv = 'email,effectiveAt\nada@example.com,tomorrow\nno address,\nADA@example.com,\n';
      const { code, out, err } = await reconcile(bench, csv, { line: ['--apply'] });
      expect([code, out]).toEqual([2, '']);
      expect(err).toMatch(
        /cannot be used:\n {2}line 2: effectiveAt[^\n]*\n {2}line 3: email[^\n]*\n {2}line 4: /,
      );
      expect(await intentsOf(bench)).toEqual([]);
      expect(bench.emulator.calls().map(({ endpoint }) => endpoint)).not.toContain('get-user');
    }),
  );

  it(
    'takes nobody for gone when GenAuth does not answer for one of them',
    atBench(async (bench) => {
      bench.emulator.setFaults({ calls: [{ kind: 'http5xx', endpoint: 'get-user', times: 1 }] });
      const { code, out, err } = await reconcile(bench, leavers, { line: ['--apply'] });
      expect([code, out, err]).toEqual([1, '', expect.stringContaining('nobody is taken for gone')]);
      expect(await intentsOf(bench)).toEqual([]);
    }),
  );

  it(
    'is refused without a source, a file, or the right to ask',
    atBench(async (bench) => {
      expect(await reconcile(bench, leavers, { line: ['--source', 'nobody'] })).toMatchObject({
        code: 2,
        err: expect.stringContaining('there is no source nobody'),
      });
      expect(await reconcile(bench, leavers, { line: ['--file', '/nowhere.csv'] })).toMatchObject({
        code: 2,
        err: expect.stringContaining('/nowhere.csv cannot be read'),
      });
      expect(await reconcile(bench, leavers, { line: ['--apply'], as: 'vera' })).toMatchObject({ code: 3 });
      expect(await intentsOf(bench)).toEqual([]);
    }),
  );
});
