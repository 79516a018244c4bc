import { describe, expect, it } from '@jest/globals';
import { signStandardWebhook } from '../../../src/cli/demo-deliveries.ts';
import { until } from '../../support/until.ts';
import { approver, asker, inWorkspace, keyIn, keyOf, textOf } from './workspace.ts';

const text = 'ada@example.com lost laptop';
const confirm = 'offboard_confirm';
const webhookKey = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

async function timed<T>(work: () => Promise<T>): Promise<{ result: T; ms: number }> {
  const startedAt = performance.now();
  const result = await work();
  return { result, ms: performance.now() - startedAt };
}

describe('within three seconds the person hears', () => {
  it(
    'that it was taken, when GenAuth is slow by ten seconds',
    inWorkspace(async ({ command, press, genauth, slack, outcomes }) => {
      genauth.setFaults({ calls: [{ kind: 'latency', ms: 10_000 }] });
      const asked = await timed(() => command({ text: `${text}` }));
      expect(asked.ms).toBeLessThan(3_000);
      expect(textOf(asked.result)).toContain('GenAuth did not say in time who that is');
      const value = keyIn(asked.result);
      const pressed = await timed(() => press({ action: confirm, value, responseUrl: slack.responseUrl() }));
      expect(pressed.ms).toBeLessThan(3_000);
      await until(() =>
        slack
          .callsOf('response_url')
          .find(({ args }) => textOf(args as never).includes('Taken: being done now')),
      );
      expect((await outcomes()).map(({ type }) => type)).toEqual(['user.kick.held', 'user.kick.released']);
      genauth.setFaults({});
    }),
  );

  it(
    'that it was not, when Slack does not say in time who is meant',
    inWorkspace(async ({ command, slack, outcomes }) => {
      slack.faults.set('users.info', { delayMs: 10_000 });
      const { result, ms } = await timed(() => command({ text: '<@U0123ABC>' }));
      expect(ms).toBeLessThan(3_000);
      expect(textOf(result)).toContain('Not taken. Slack did not say in time who that is');
      expect(await outcomes()).toEqual([]);
    }),
  );

  it(
    'even when the response URL is slow at the press',
    inWorkspace(async ({ command, press, slack, kicks }) => {
      slack.faults.set('response_url', { delayMs: 4_000 });
      const value = keyIn(await command({ text }));
      const { ms } = await timed(() => press({ action: confirm, value, responseUrl: slack.responseUrl() }));
      expect(ms).toBeLessThan(3_000);
      await until(() => kicks().length === 1);
    }),
  );
});

describe('when the process ends between the confirmation and the outcome', () => {
  it(
    'the next one does it, and the message shows it',
    inWorkspace(async ({ command, press, slack, genauth, kicks, restart }) => {
      genauth.setFaults({ calls: [{ kind: 'http5xx', endpoint: 'kick-users' }] });
      const value = keyIn(await command({ text }));
      const responseUrl = slack.responseUrl();
      await press({ action: confirm, value, responseUrl });
      await until(() => kicks().length > 0);
      await restart(() => genauth.setFaults({}));
      await until(() =>
        slack.callsOf('response_url').find(({ args }) => textOf(args as never).includes('Done: signed out')),
      );
    }),
  );

  it(
    'a confirmation that was asked for before can still be given',
    inWorkspace(async ({ command, press, slack, restart, kicks }) => {
      const value = keyIn(await command({ text }));
      await restart();
      await press({ action: confirm, value, responseUrl: slack.responseUrl() });
      await until(() => kicks().length === 1);
    }),
  );
});

describe('a response URL', () => {
  it(
    'that has expired gives way to a direct message, which is updated from then on',
    inWorkspace(async ({ command, press, slack, genauth, lines }) => {
      genauth.setFaults({ calls: [{ kind: 'http5xx', endpoint: 'kick-users', times: 2 }] });
      const value = keyIn(await command({ text }));
      await press({ action: confirm, value, responseUrl: slack.responseUrl(0) });
      const direct = await until(() => slack.callsOf('chat.postMessage')[0]);
      expect(direct.args.channel).toBe(asker);
      await until(() =>
        slack.callsOf('chat.update').find(({ args }) => textOf(args as never).includes('Done: signed out')),
      );
      expect(slack.callsOf('chat.postMessage')).toHaveLength(1);
      expect(lines.some(({ message }) => message === 'a response_url takes no more messages')).toBe(true);
    }),
  );

  it(
    'that leads elsewhere is never called',
    inWorkspace(async ({ command, press, slack, lines }) => {
      for (const responseUrl of [
        'http://127.0.0.1:9/respond/1',
        'https://hooks.slack.com.example.com/x',
        'nonsense',
      ]) {
        const value = keyIn(await command({ text }));
        await press({ action: confirm, value, responseUrl });
      }
      await until(() => slack.callsOf('chat.postMessage').length === 3);
      expect(slack.callsOf('response_url')).toEqual([]);
      expect(lines.filter(({ message }) => message.startsWith('a response_url does not lead'))).not.toEqual(
        [],
      );
    }),
  );
});

describe('the Web API', () => {
  it(
    'is left alone for as long as it asks',
    inWorkspace(async ({ command, press, slack, lines, clock }) => {
      slack.faults.set('chat.postMessage', {
        status: 429,
        headers: { 'retry-after': '30' },
        body: { ok: false, error: 'ratelimited' },
      });
      const value = keyIn(await command({ command: '/resign', text }));
      await press({ action: confirm, value, responseUrl: slack.responseUrl() });
      await until(() => lines.find(({ message }) => message === 'Slack asks us to slow down'));
      slack.faults.clear();
      await until(() => lines.filter(({ message }) => message === 'publishing failed').length > 2);
      expect(slack.callsOf('chat.postMessage')).toHaveLength(1);
      clock.aheadMs = 31_000;
      await until(() => slack.callsOf('chat.postMessage').length === 2);
    }),
  );

  it(
    'is said in the log to lack a scope, and holds nothing else up',
    inWorkspace(async ({ command, press, slack, lines }) => {
      slack.faults.set('chat.postMessage', {
        body: { ok: false, error: 'missing_scope', needed: 'chat:write', provided: 'commands' },
      });
      const value = keyIn(await command({ command: '/resign', text }));
      await press({ action: confirm, value, responseUrl: slack.responseUrl() });
      const line = await until(() => lines.find(({ message }) => message.includes('lacks a scope')));
      expect(line).toMatchObject({
        level: 'error',
        facts: { method: 'chat.postMessage', needed: 'chat:write' },
      });
      const kick = keyIn(await command({ text: 'grace@example.com' }));
      await press({ action: confirm, value: kick, responseUrl: slack.responseUrl() });
      await until(() =>
        slack.callsOf('response_url').find(({ args }) => textOf(args as never).includes('Done: signed out')),
      );
    }),
  );

  it(
    'gets the token, and no log line has it, or an address',
    inWorkspace(async ({ command, slack, lines }) => {
      await command({ text: '<@U0123ABC|ada>' });
      expect(slack.callsOf('users.info').map(({ token }) => token)).toEqual(['xoxb-test-token']);
      expect(JSON.stringify(lines)).not.toMatch(/xoxb|xapp|example\.com|response|respond\//);
    }),
  );
});

describe('the approvers are told, once,', () => {
  const leavers = `, safeguard: { maxResigns: 1, grace: 0s }`;
  const slack = `sources:\n  scripts: { handler: standard-webhooks, secrets: ["${webhookKey}"], expectEvery: 1h }`;
  const resign = (email: string) => ({
    type: 'user.resign',
    timestamp: new Date().toISOString(),
    data: { userIdType: 'email', userId: email },
  });

  it(
    'of what is held, and can release it',
    inWorkspace(
      async ({ url, slack: standIn, press, restart, resigns }) => {
        const send = async (body: object) => {
          const { headers, body: raw } = signStandardWebhook(body, webhookKey);
          await fetch(`${url()}/hooks/scripts`, { method: 'POST', headers, body: raw });
        };
        await send(resign('ada@example.com'));
        await until(() => resigns().length === 1);
        await send(resign('grace@example.com'));
        const posted = await until(() => standIn.callsOf('chat.postMessage')[0]);
        expect(textOf(posted.args as never)).toMatch(
          /Held: resign of 1 person[\s\S]*Source: scripts[\s\S]*safeguard/,
        );
        await restart();
        await press({ action: 'offboard_approve', value: keyIn(posted.args as never), user: approver });
        await until(() => resigns().length === 2);
        await until(() =>
          standIn.callsOf('chat.update').find(({ args }) => textOf(args as never).includes('Done: resigned')),
        );
        expect(standIn.callsOf('chat.postMessage')).toHaveLength(1);
        const last = standIn.callsOf('chat.update').at(-1);
        expect(textOf(last?.args as never)).toContain(`Released by <@${approver}>`);
      },
      { slack, leavers },
    ),
  );

  it(
    'of a set that grows, in one message, and cancel it as one',
    inWorkspace(
      async ({ url, slack: standIn, press }) => {
        const send = async (email: string) => {
          const { headers, body } = signStandardWebhook(resign(email), webhookKey);
          await fetch(`${url()}/hooks/scripts`, { method: 'POST', headers, body });
        };
        await send('ada@example.com');
        const posted = await until(() => standIn.callsOf('chat.postMessage')[0]);
        expect(textOf(posted.args as never)).toContain('Held: resign of 1 person');
        await send('grace@example.com');
        const grown = await until(() =>
          standIn.callsOf('chat.update').find(({ args }) => textOf(args as never).includes('of 2 people')),
        );
        await press({ action: 'offboard_reject', value: keyIn(grown.args as never), user: approver });
        await until(() =>
          standIn
            .callsOf('chat.update')
            .find(({ args }) => textOf(args as never).includes(`Canceled by <@${approver}>`)),
        );
        expect(standIn.callsOf('chat.postMessage')).toHaveLength(1);
      },
      { slack, leavers: ', safeguard: { maxResigns: 0, grace: 0s }' },
    ),
  );

  it(
    'of dead letters, of a source that is silent, and of calls that GenAuth denies',
    inWorkspace(
      async ({ url, slack: standIn, clock, genauth }) => {
        const told = (what: string) =>
          standIn.callsOf('chat.postMessage').filter(({ args }) => textOf(args as never).includes(what));
        const { headers, body } = signStandardWebhook({ type: 'user.kick' }, webhookKey);
        await fetch(`${url()}/hooks/scripts`, { method: 'POST', headers, body });
        await until(() => told('A delivery of scripts could not be read').length > 0);
        genauth.setFaults({ calls: [{ kind: 'envelope', statusCode: 402, endpoint: 'kick-users' }] });
        const kick = signStandardWebhook({ ...resign('ada@example.com'), type: 'user.kick' }, webhookKey);
        await fetch(`${url()}/hooks/scripts`, { method: 'POST', headers: kick.headers, body: kick.body });
        await until(() => told('GenAuth does not take calls').length > 0);
        clock.aheadMs = 3_700_000;
        await until(() => told('A source is silent').length > 0);
        await until(() => genauth.calls().filter(({ endpoint }) => endpoint === 'kick-users').length > 2);
        expect(told('GenAuth does not take calls')).toHaveLength(1);
        expect(told('A source is silent')).toHaveLength(1);
        expect(told('could not be read')).toHaveLength(1);
      },
      { slack },
    ),
    30_000,
  );
});

describe('the operator API', () => {
  it(
    'cannot confirm for the person who asked',
    inWorkspace(async ({ command, url, outcomes, kicks }) => {
      expect(keyOf(await command({ text }))).not.toBeNull();
      const id = (await outcomes())[0]?.data.intentId;
      const response = await fetch(`${url()}/v1/intents/${id}/approve`, {
        method: 'POST',
        headers: { authorization: `Bearer ${'o'.repeat(32)}` },
      });
      expect(response.status).toBe(409);
      expect(kicks()).toEqual([]);
    }),
  );
});
