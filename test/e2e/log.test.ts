import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { signStandardWebhook } from '../../src/cli/demo-deliveries.ts';
import { commandFields, sendForm, signingSecret } from '../support/slack/sender.ts';
import { openSlackStandIn } from '../support/slack/stand-in.ts';
import { event, type House, inactive, inHouse, person, secrets } from './house.ts';
import { endProcesses, startProcess } from './process.ts';

afterEach(endProcesses);

const slack = await openSlackStandIn();
afterAll(() => slack.close());

const people = [1, 2, 3, 4, 5].map((number) => ({ ...person(number), phone: `+4915112345${number}00` }));
const owner = 'owner.of.it.all@example.com';

/** What must not be in a log; long enough not to be there by chance. */
const unspeakable = [
  ...Object.values(secrets),
  ...people.flatMap(({ email, username, userId, phone }) => [email, username, userId, phone]),
  ...[owner, signingSecret, 'xoxb-of-the-bot', 'key-of-the-collector', 'password-at-kafka'],
  ...['Grace Hopper', 'grace.hopper', 'subject-of-grace', 'reason-about-grace', 'boss-of-grace', 'U0GRACE'],
  ...['"vera"', '"olaf"', '"anna"'],
];

const sections = {
  leavers: {
    dryRun: false,
    safeguard: { grace: '0ms' },
    protected: [{ userIdType: 'email', userId: owner }],
  },
  sources: { topic: { handler: 'events' } },
  kafka: {
    brokers: ['127.0.0.1:9'],
    sasl: { mechanism: 'plain', username: 'bridge', password: 'password-at-kafka' },
    consume: [{ topic: 'hr.events', source: 'topic', from: 'latest' }],
    outcomes: { topic: 'outcomes' },
  },
  slack: {
    signingSecret,
    botToken: 'xoxb-of-the-bot',
    apiUrl: slack.apiUrl,
    allow: { kick: { users: ['U0GRACE'] } },
  },
  tracing: { endpoint: 'https://127.0.0.1:9', headers: { 'x-api-key': 'key-of-the-collector' } },
};

const about = (number: number) => ({
  userIdType: 'email',
  userId: people[number - 1]?.email,
  subject: `subject-of-grace-${number}`,
  reason: 'reason-about-grace',
  requestedBy: 'boss-of-grace@example.com',
});

async function sendDeliveries(house: House): Promise<void> {
  await house.deliver(event('user.resign', about(1)));
  await house.deliver(event('user.kick', { ...about(2), userIdType: 'phone', userId: people[1]?.phone }));
  await house.deliver(event('user.resign', { ...about(3), userId: 'grace.hopper@example.com' }));
  await house.deliver(event('user.resign', about(4), new Date(Date.now() - 30 * 86_400_000)));
  await house.deliver(event('user.withdraw', about(4)));
  await house.deliver(inactive([{ externalId: '5', email: people[0]?.email ?? '' }]));
  // Not readable, in several ways.
  await house.deliver(event('user.resign', { ...about(1), userIdType: 'name', userId: 'Grace Hopper' }));
  await house.deliver(event('user.resign', { ...about(1), effectiveAt: 'Grace Hopper' }));
  await house.deliver(signStandardWebhook(['Grace Hopper'], secrets.WEBHOOK_SECRET));
  // Forged.
  const genuine = event('user.resign', about(1));
  const body = `${genuine.body.slice(0, -1)} }`;
  expect((await house.deliver({ ...genuine, body })).status).toBe(401);
  expect((await house.deliver({ ...genuine, headers: {} })).status).toBe(401);
  expect((await house.deliver({ ...genuine, source: 'grace.hopper@example.com' })).status).toBe(404);
}

async function ask(house: House): Promise<void> {
  const asked = { type: 'user.kick', timestamp: new Date().toISOString(), data: about(2) };
  const headers = { authorization: `Bearer ${secrets.OLAF_TOKEN}`, 'idempotency-key': 'grace.hopper' };
  await fetch(`${house.url}/v1/intents`, { method: 'POST', headers, body: JSON.stringify(asked) });
  await fetch(`${house.url}/v1/intents`, { method: 'POST', headers, body: '{"type":"Grace Hopper"}' });
  await house.ask('/pause', { as: 'olaf', body: { scope: 'hr', reason: 'reason-about-grace' } });
  await house.ask('/resume', { as: 'vera', body: { scope: 'hr' } });
  await house.ask('/resume', { as: 'olaf', body: { scope: 'hr' } });
  await house.ask(`/intents?person=email:${people[0]?.email}`);
  await house.ask('/intents/grace.hopper@example.com');
  const letters = Object((await house.ask('/dead-letters')).body).deadLetters as { id: string }[];
  expect(letters.length).toBeGreaterThan(1);
  for (const { id } of letters) {
    await house.ask(`/dead-letters/${id}/payload`, { as: 'anna' });
    await house.ask(`/dead-letters/${id}/replay`, { as: 'olaf', body: {} });
  }
}

async function talkInSlack(house: House): Promise<void> {
  const responseUrl = slack.responseUrl();
  const command = new URLSearchParams(
    commandFields({ text: `${people[0]?.email} reason-about-grace`, user: 'U0GRACE', responseUrl }),
  ).toString();
  expect((await sendForm(house.url, command)).status).toBe(200);
  expect((await sendForm(house.url, command, { secret: 'forged' })).status).toBe(401);
}

describe('the log of a whole course', () => {
  it(
    'tells of everything that went wrong, with the id of its request, and holds no secret and nothing of a person',
    inHouse(async (house) => {
      house.emulator.addUsers(people);
      house.emulator.setFaults({
        calls: [
          { kind: 'http5xx', times: 3 },
          { kind: 'forbidden', times: 2 },
        ],
      });
      await house.start();
      await sendDeliveries(house);
      await talkInSlack(house);
      await ask(house);
      house.emulator.setFaults({});
      await house.untilOutcomes({
        ...{ 'user.resign.succeeded': 1, 'user.resign.failed': 1, 'user.resign.held': 1 },
        ...{ 'user.kick.succeeded': 1, 'delivery.dead_lettered': 3 },
      });
      await house.bridge.logged('Kafka is not being consumed; the next try is under way');
      expect(await house.stop()).toEqual({ code: 0, signal: null });

      const forged = house.bridge.log().filter(({ msg }) => msg === 'a delivery is not genuine');
      expect(forged.map(({ source }) => source)).toEqual(['scripts', 'scripts', 'slack']);
      for (const { requestId } of forged) expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
      expectUnspoken(house.bridge.stdout() + house.bridge.stderr());
    }, sections),
    40_000,
  );

  it(
    'of a configuration with faults names the keys, and not their values',
    inHouse(async (house) => {
      const file = join(house.folder, 'faulty.yaml');
      const faulty = {
        ...sections,
        genauth: { host: `https://u:${secrets.GENAUTH_SECRET}@x`, accessKeySecret: [secrets.GENAUTH_SECRET] },
        leavers: { dryRun: 'Grace Hopper', protected: [{ userIdType: 'email', userId: 'Grace Hopper' }] },
        slack: { ...sections.slack, botToken: ['xoxb-of-the-bot'], allow: { kick: { users: 'U0GRACE' } } },
      };
      await writeFile(file, JSON.stringify(faulty));
      const ended = startProcess('src/main.ts', ['--config', file], { env: secrets });
      expect(await ended.ended).toEqual({ code: 1, signal: null });
      expect(ended.stderr()).toContain('genauth.accessKeySecret');
      expectUnspoken(ended.stdout() + ended.stderr());
    }),
  );
});

function expectUnspoken(text: string): void {
  expect(text.length).toBeGreaterThan(100);
  expect(unspeakable.filter((one) => text.includes(one))).toEqual([]);
}
