import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { commandFields, sendForm, signSlack } from '../../support/slack/sender.ts';
import { until } from '../../support/until.ts';
import { asker, inWorkspace, keyIn, keyOf, type Shown, textOf } from './workspace.ts';

const text = 'ada@example.com lost laptop';
const form = (typed: Parameters<typeof commandFields>[0]): string =>
  new URLSearchParams(commandFields(typed)).toString();
const seconds = (): number => Math.floor(Date.now() / 1_000);

describe('a request of Slack', () => {
  it(
    'is taken with a signature of now, with a charset too, and once only',
    inWorkspace(async ({ url }) => {
      const contentType = 'application/x-www-form-urlencoded; charset=utf-8';
      const sending = { contentType, timestamp: seconds() - 240 };
      const body = form({ text });
      expect((await sendForm(url(), body, sending)).status).toBe(200);
      expect((await sendForm(url(), body, sending)).status).toBe(401);
    }),
  );

  it(
    'is refused when it is stale, from the future, unsigned, or signed by another',
    inWorkspace(async ({ url, lines, outcomes }) => {
      const body = form({ text });
      for (const sending of [
        { timestamp: seconds() - 310 },
        { timestamp: seconds() + 310 },
        { timestamp: seconds() + 86_400 },
        { secret: 'x'.repeat(32) },
      ])
        expect((await sendForm(url(), body, sending)).status).toBe(401);
      const post = (headers: Record<string, string>, what = body) =>
        fetch(`${url()}/slack/events`, { method: 'POST', headers, body: what });
      expect((await post({})).status).toBe(401);
      expect((await post(signSlack(body), `${body}&text=other`)).status).toBe(401);
      expect((await fetch(`${url()}/slack/events`)).status).toBe(405);
      expect(await outcomes()).toEqual([]);
      expect(lines.filter(({ message }) => message === 'a delivery is not genuine')).toHaveLength(6);
    }),
  );

  it(
    'is refused while the bodies that are being received take too much',
    inWorkspace(async ({ url }) => {
      const socket = connect(Number(new URL(url()).port), '127.0.0.1');
      const head = 'POST /slack/events HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n';
      // Bytes of which each is a chunk, so that few of them take much.
      socket.write(`${head}${'1\r\nx\r\n'.repeat(140_000)}0\r\n\r\n`);
      expect(String(await once(socket, 'data'))).toMatch(/^HTTP\/1.1 503 /);
      socket.destroy();
    }),
  );

  it(
    'that came before a restart is known by its trigger id',
    inWorkspace(async ({ command, restart, outcomes }) => {
      expect(keyOf(await command({ text, triggerId: '1.2.3' }))).not.toBeNull();
      await restart();
      expect(textOf(await command({ text, triggerId: '1.2.3' }))).toContain('came twice');
      expect(await outcomes()).toHaveLength(1);
    }),
  );

  it(
    'that asks for help gets it, and one that is not clear is asked back',
    inWorkspace(async ({ command, outcomes }) => {
      expect(textOf(await command({ text: 'help' }))).toContain('/resign &lt;who&gt;');
      expect(textOf(await command({ text: 'ada' }))).toContain('Not taken. It is not clear who ada is');
      expect(await outcomes()).toEqual([]);
    }),
  );
});

describe('the buttons of /kick', () => {
  it(
    'cancel it, and a press after that does nothing',
    inWorkspace(async ({ command, press, slack, kicks, outcomes }) => {
      const value = keyIn(await command({ text }));
      const responseUrl = slack.responseUrl();
      await press({ action: 'offboard_cancel', value, responseUrl });
      await until(() =>
        slack
          .callsOf('response_url')
          .find(({ args }) => textOf(args as never).includes('Nothing was done: canceled')),
      );
      await press({ action: 'offboard_confirm', value, responseUrl });
      await until(() =>
        slack.callsOf('response_url').find(({ args }) => textOf(args as never).includes('decided already')),
      );
      expect(kicks()).toEqual([]);
      expect((await outcomes()).map(({ type }) => type)).toEqual(['user.kick.held', 'user.kick.canceled']);
    }),
  );

  it(
    'act once, however often and fast they are pressed',
    inWorkspace(async ({ command, press, slack, kicks, outcomes }) => {
      const value = keyIn(await command({ text }));
      const once = () => press({ action: 'offboard_confirm', value, responseUrl: slack.responseUrl() });
      expect(await Promise.all([once(), once(), once()])).toEqual([200, 200, 200]);
      await until(async () => (await outcomes()).length >= 3);
      expect(kicks()).toHaveLength(1);
      const said = slack.callsOf('response_url').filter(({ args }) => args.replace_original === false);
      expect(said).toHaveLength(2);
    }),
  );

  it(
    'are for the person who asked only',
    inWorkspace(async ({ command, press, slack, kicks, outcomes }) => {
      slack.groups.set('S0GROUP', ['U0MEMBER']);
      const value = keyIn(await command({ text }));
      await press({ action: 'offboard_confirm', value, user: 'U0MEMBER', responseUrl: slack.responseUrl() });
      await until(() =>
        slack.callsOf('response_url').find(({ args }) => textOf(args as never).includes('Sorry')),
      );
      await until(async () => (await outcomes()).some(({ type }) => type === 'request.refused'));
      expect(kicks()).toEqual([]);
    }),
  );

  it(
    'are good for five minutes',
    inWorkspace(async ({ command, press, clock, slack, kicks, outcomes }) => {
      const value = keyIn(await command({ text }));
      clock.aheadMs = 301_000;
      await press({ action: 'offboard_confirm', value, responseUrl: slack.responseUrl() });
      await until(async () => (await outcomes()).some(({ type }) => type === 'user.kick.canceled'));
      const last = (await outcomes()).at(-1);
      expect(last?.data).toMatchObject({ failure: { code: 'expired' } });
      expect(kicks()).toEqual([]);
    }),
  );

  it(
    'that nobody presses end by themselves',
    inWorkspace(async ({ command, clock, slack, outcomes }) => {
      await command({ text, responseUrl: slack.responseUrl() });
      clock.aheadMs = 301_000;
      await until(async () => (await outcomes()).some(({ type }) => type === 'user.kick.canceled'));
      await until(() =>
        slack
          .callsOf('response_url')
          .find(({ args }) => textOf(args as never).includes('within five minutes')),
      );
    }),
  );

  it(
    'do nothing when they are not ours, or carry another key',
    inWorkspace(async ({ press, slack, outcomes }) => {
      for (const value of ['ask:nothing', 'hour:U0ADMIN', 'x'])
        expect(await press({ action: 'offboard_confirm', value, responseUrl: slack.responseUrl() })).toBe(
          200,
        );
      expect(await press({ action: 'somebody_else', value: 'x' })).toBe(200);
      expect(await outcomes()).toEqual([]);
    }),
  );
});

describe('who may', () => {
  it(
    'is told politely when not, and the try is recorded',
    inWorkspace(async ({ command, outcomes }) => {
      const shown = await command({ text, user: 'U0STRANGER' });
      expect(textOf(shown)).toContain('Sorry, you may not do that here');
      expect(keyOf(shown)).toBeNull();
      const [refused] = await until(async () => {
        const all = await outcomes();
        return all.length > 0 && all;
      });
      expect(refused).toMatchObject({
        type: 'request.refused',
        data: { actor: 'slack:U0STRANGER', source: 'slack' },
      });
    }),
  );

  it(
    'is whoever is in a user group, for as long as that is so, and at the press too',
    inWorkspace(async ({ command, press, slack, clock, kicks, outcomes }) => {
      slack.groups.set('S0GROUP', ['U0MEMBER']);
      const value = keyIn(await command({ text, user: 'U0MEMBER' }));
      await command({ text, user: 'U0MEMBER' });
      expect(slack.callsOf('usergroups.users.list')).toHaveLength(1);
      slack.groups.set('S0GROUP', []);
      clock.aheadMs = 60_000;
      await press({ action: 'offboard_confirm', value, user: 'U0MEMBER', responseUrl: slack.responseUrl() });
      await until(async () => (await outcomes()).some(({ type }) => type === 'request.refused'));
      expect(kicks()).toEqual([]);
    }),
  );

  it(
    'is nobody whose group cannot be read',
    inWorkspace(async ({ command, slack, outcomes }) => {
      for (const fault of [
        { status: 500 },
        { delayMs: 4_000 },
        { body: { ok: false, error: 'missing_scope' } },
      ]) {
        slack.faults.set('usergroups.users.list', fault);
        const shown = await command({ text, user: 'U0MEMBER' });
        expect(textOf(shown)).toContain('Slack did not say in time whether you may do that');
      }
      expect(keyOf(await command({ text, user: asker }))).not.toBeNull();
      expect((await outcomes()).filter(({ type }) => type === 'request.refused')).toHaveLength(3);
    }),
  );
});

describe('how much one person may ask for', () => {
  it(
    'is limited for a command, and for an hour across restarts',
    inWorkspace(
      async ({ command, press, slack, restart, kicks }) => {
        expect(
          textOf(await command({ text: 'ada@example.com grace@example.com alan@example.com' })),
        ).toContain('at most 2 people');
        const value = keyIn(await command({ text: 'ada@example.com grace@example.com' }));
        await press({ action: 'offboard_confirm', value, responseUrl: slack.responseUrl() });
        await until(() => kicks().length === 2);
        await restart();
        expect(textOf(await command({ text: 'alan@example.com' }))).toContain('within an hour');
      },
      { slack: '  limits: { perCommand: 2, perHour: 2 }' },
    ),
  );

  it(
    'is shown in one message for several people',
    inWorkspace(async ({ command, press, slack }) => {
      const shown = await command({ text: '<@U0123ABC|ada>, external_id:1002 in app-mail phishing' });
      expect(textOf(shown)).toMatch(
        /Ada Lovelace[\s\S]*Grace Hopper[\s\S]*Apps: app-mail[\s\S]*Reason: phishing/,
      );
      await press({ action: 'offboard_confirm', value: keyIn(shown), responseUrl: slack.responseUrl() });
      await until(() =>
        slack
          .callsOf('response_url')
          .find(
            ({ args }) => (textOf(args as unknown as Shown).match(/Done: signed out/g) ?? []).length === 2,
          ),
      );
    }),
  );
});

describe('what is typed', () => {
  it(
    'goes out as plain text, whatever it is',
    inWorkspace(async ({ command }) => {
      const shown = await command({ text: 'ada@example.com *bold* &lt;!channel&gt; :tada:' });
      const withReason = shown.blocks.find(({ text: one }) => one?.text.includes('Reason'));
      expect(withReason?.text).toEqual({
        type: 'plain_text',
        emoji: false,
        text: 'Reason: *bold* <!channel> :tada:',
      });
      expect(shown.text).toBe('Sign out everywhere?');
    }),
  );

  it(
    'is not taken when it names somebody whom GenAuth does not have, or an app',
    inWorkspace(async ({ command, slack, outcomes }) => {
      slack.members.set('U0BOT', { email: 'bot@example.com', is_bot: true });
      slack.members.set('U0GUEST', {});
      for (const [typed, why] of [
        ['nobody@example.com', 'GenAuth has no user with email nobody@example.com'],
        ['ada@example.com in app-nothing', 'GenAuth has no app with the id app-nothing'],
        ['<@U0BOT>', 'is an app'],
        ['<@U0GUEST>', 'no email address'],
        ['<@U0NOBODY>', 'knows nobody'],
      ] as const)
        expect(textOf(await command({ text: typed }))).toContain(why);
      expect(await outcomes()).toEqual([]);
    }),
  );
});
