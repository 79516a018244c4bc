import { afterEach, describe, expect, it } from '@jest/globals';
import { gusto } from '../../handlers/gusto.ts';
import { type Confirmations, createConfirmations } from '../../src/bridge/confirmations.ts';
import { inHouse } from '../e2e/house.ts';
import { endProcesses } from '../e2e/process.ts';
import { readFixture } from '../handlers/handler-suite.ts';
import { post } from '../handlers/sender.ts';
import { startVendor } from '../handlers/vendor.ts';
import { collectLog } from '../ingress/house.ts';
import { until } from '../support/until.ts';

const setup = readFixture('gusto/verification-token.json').trim();
const verify = (uuid: string) => `PUT /v1/webhook_subscriptions/${uuid}/verify`;
const answersWith = (more: Record<string, unknown>): Record<string, unknown> => ({
  'POST /oauth/token': { access_token: 'short-lived' },
  'GET /v1/webhook_subscriptions': [
    { uuid: 'done', status: 'verified' },
    { uuid: 'other', status: 'pending' },
    { uuid: 'ours', status: 'pending' },
  ],
  [verify('other')]: 422,
  [verify('ours')]: { uuid: 'ours', status: 'verified' },
  ...more,
});

const open: Confirmations[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.stop()));
  await endProcesses();
});

async function confirmAt(answers: Record<string, unknown>, more: object = {}) {
  const { asked, baseUrl } = await startVendor(answers);
  const { log, lines } = collectLog();
  const settings = gusto.settings.parse({
    secrets: [],
    identifyBy: ['external_id'],
    confirm: { baseUrl, username: 'client', password: 'a secret' },
    ...more,
  });
  const source = { handler: gusto, settings } as Parameters<typeof createConfirmations>[0]['sources'][string];
  const confirmations = createConfirmations({ sources: { payroll: source }, log, random: () => 0 });
  open.push(confirmations);
  return { confirmations, asked, lines, messages: () => lines.map(({ message }) => message) };
}

describe('the confirmation of a set-up at the vendor', () => {
  it('is made with the token that was sent, for the subscription that waits for it', async () => {
    const { confirmations, asked, lines, messages } = await confirmAt(answersWith({}));
    confirmations.begin('payroll', post(setup, {}));
    await until(() => messages().includes('the set-up is confirmed at the vendor'), 'confirmed');
    expect(asked.map(({ what }) => what)).toEqual([
      'POST /oauth/token',
      'GET /v1/webhook_subscriptions',
      verify('other'),
      verify('ours'),
    ]);
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({
      grant_type: 'system_access',
      client_id: 'client',
      client_secret: 'a secret',
    });
    expect(asked.at(-1)?.authorization).toBe('Bearer short-lived');
    expect(JSON.parse(asked.at(-1)?.body ?? '')).toEqual(JSON.parse(setup));
    expect(JSON.stringify(lines)).not.toContain(JSON.parse(setup).verification_token);
  });

  it('goes to the subscription that the delivery names, and no further', async () => {
    const { confirmations, asked, messages } = await confirmAt(answersWith({}));
    const named = { ...JSON.parse(setup), webhook_subscription_uuid: 'other/..' };
    confirmations.begin('payroll', post(JSON.stringify(named), {}));
    await until(() => messages().includes('the set-up could not be confirmed at the vendor'), 'given up');
    expect(asked.map(({ what }) => what)).toEqual(['POST /oauth/token', verify('other%2F..')]);
  });

  it('is tried again while the vendor cannot answer, once however often the delivery comes', async () => {
    const answers = answersWith({ [verify('other')]: 503 });
    const { confirmations, asked, messages } = await confirmAt(answers);
    confirmations.begin('payroll', post(setup, {}));
    confirmations.begin('payroll', post(setup, {}));
    await until(() => asked.length >= 3, 'a first try');
    answers[verify('other')] = 422;
    await until(() => messages().length > 0, 'an end');
    expect(messages()).toEqual(['the set-up is confirmed at the vendor']);
    expect(asked.filter(({ what }) => what === 'POST /oauth/token')).toHaveLength(2);
  });

  it('is given up when the vendor refuses the credentials or knows no such token', async () => {
    for (const refused of [{ 'POST /oauth/token': 401 }, { [verify('ours')]: 422 }]) {
      const { confirmations, lines } = await confirmAt(answersWith(refused));
      confirmations.begin('payroll', post(setup, {}));
      await until(() => lines.length > 0, 'given up');
      expect(lines).toMatchObject([{ level: 'warn', facts: { source: 'payroll', tries: 1 } }]);
    }
  });

  it('is not made once there are secrets, without credentials, or for anything else', async () => {
    const event = readFixture('gusto/employee-created.json');
    const cases: [object, string, string][] = [
      [{ secrets: ['6590f590-3dba-495e-9bea-c361e1e2efc0'] }, setup, 'payroll'],
      [{ confirm: undefined }, setup, 'payroll'],
      [{}, event, 'payroll'],
      [{}, setup, 'constructor'],
    ];
    for (const [more, body, source] of cases) {
      const { confirmations, asked } = await confirmAt(answersWith({}), more);
      confirmations.begin(source, post(body, {}));
      await confirmations.stop();
      expect(asked).toEqual([]);
    }
  });

  it('keeps neither the sender nor a stop waiting, its token is not yet a key, and a restart takes it up', async () => {
    const answers = answersWith({ 'POST /oauth/token': 503 });
    const { asked, baseUrl } = await startVendor(answers);
    const payroll = {
      handler: 'gusto',
      secrets: [],
      identifyBy: ['external_id'],
      confirm: { baseUrl, username: 'client', password: 'a secret' },
    };
    await inHouse(
      async (house) => {
        await house.start();
        const answer = await house.deliver({ source: 'payroll', headers: {}, body: setup });
        expect(answer).toMatchObject({ status: 200, body: { status: 'dead-letter' } });
        await until(() => asked.length > 0, 'the vendor was asked');
        const body = readFixture('gusto/employee-termination-effective.json');
        expect((await house.deliver({ source: 'payroll', headers: {}, body })).status).toBe(401);
        const { deadLetters } = Object((await house.ask('/dead-letters')).body);
        expect(deadLetters).toMatchObject([
          { faults: ['verification_token: put it into secrets, once it is confirmed'] },
        ]);
        expect(await house.stop()).toEqual({ code: 0, signal: null });

        answers['POST /oauth/token'] = { access_token: 'short-lived' };
        await house.start();
        await until(() => asked.at(-1)?.what === verify('ours'), 'the restart confirmed it');
        expect(JSON.parse(asked.at(-1)?.body ?? '')).toEqual(JSON.parse(setup));
        await house.stop();
      },
      { sources: { payroll } },
    )();
  });
});
