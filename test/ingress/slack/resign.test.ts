import { describe, expect, it } from '@jest/globals';
import { until } from '../../support/until.ts';
import { approver, asker, inWorkspace, keyIn, type Shown, textOf, type Workspace } from './workspace.ts';

const day = 86_400_000;

/** Asks, confirms, and waits for the request in the approvers' channel. */
async function askFor({ command, press, slack }: Workspace, text: string) {
  const shown = await command({ command: '/resign', text });
  await press({ action: 'offboard_confirm', value: keyIn(shown), responseUrl: slack.responseUrl() });
  const posted = await until(() => slack.callsOf('chat.postMessage')[0]);
  return { shown, posted: posted.args as unknown as Shown & { channel: string } };
}

const updated = ({ slack }: Workspace, text: string) =>
  until(() => slack.callsOf('chat.update').find(({ args }) => textOf(args as never).includes(text)));

describe('/resign', () => {
  it(
    'needs a second person, and says in its outcome who asked and who approved',
    inWorkspace(async (workspace) => {
      const { press, slack, resigns, outcomes } = workspace;
      const { shown, posted } = await askFor(workspace, 'ada@example.com left for good');
      expect(JSON.stringify(shown.blocks)).toContain('"confirm":{"title"');
      expect(posted.channel).toBe('C0APPROVE');
      expect(textOf(posted)).toContain(`Asked for by <@${asker}>`);
      expect(textOf(posted)).toContain('Ada Lovelace');
      expect(resigns()).toEqual([]);
      const value = keyIn(posted);
      await press({ action: 'offboard_approve', value, user: asker, responseUrl: slack.responseUrl() });
      await until(() =>
        slack.callsOf('response_url').find(({ args }) => textOf(args as never).includes('Nobody approves')),
      );
      expect(resigns()).toEqual([]);
      await press({ action: 'offboard_approve', value, user: approver, responseUrl: slack.responseUrl() });
      await updated(workspace, 'Done: resigned. GenAuth confirms it.');
      expect(resigns()).toHaveLength(1);
      await until(() =>
        slack.callsOf('response_url').find(({ args }) => textOf(args as never).includes('Done: resigned.')),
      );
      const done = (await outcomes()).find(({ type }) => type === 'user.resign.succeeded');
      expect(done?.data).toMatchObject({
        actor: `slack:${asker}`,
        decisions: [
          { by: `slack:${asker}`, reason: 'confirmed by whoever asked' },
          { by: `slack:${approver}`, verdict: 'approved' },
        ],
      });
    }),
  );

  it(
    'is not released by a double press of the one who confirmed it',
    inWorkspace(async ({ command, press, slack, resigns, outcomes }) => {
      const value = keyIn(await command({ command: '/resign', text: 'ada@example.com' }));
      const once = () => press({ action: 'offboard_confirm', value, responseUrl: slack.responseUrl() });
      await Promise.all([once(), once()]);
      await until(() => slack.callsOf('chat.postMessage').length > 0);
      expect(resigns()).toEqual([]);
      expect((await outcomes()).map(({ type }) => type)).toEqual([
        'user.resign.held',
        'user.resign.released',
        'user.resign.held',
      ]);
    }),
  );

  it(
    'is over when it is rejected',
    inWorkspace(async (workspace) => {
      const { posted } = await askFor(workspace, 'ada@example.com');
      await workspace.press({ action: 'offboard_reject', value: keyIn(posted), user: approver });
      const message = await updated(workspace, `canceled by Slack user ${approver}`);
      expect(JSON.stringify(message.args)).not.toContain('offboard_approve');
      expect(workspace.resigns()).toEqual([]);
    }),
  );

  it(
    'is approved by approvers only',
    inWorkspace(async (workspace) => {
      const { press, slack, resigns } = workspace;
      const { posted } = await askFor(workspace, 'ada@example.com');
      const value = keyIn(posted);
      await press({
        action: 'offboard_approve',
        value,
        user: 'U0STRANGER',
        responseUrl: slack.responseUrl(),
      });
      await until(() =>
        slack.callsOf('response_url').find(({ args }) => textOf(args as never).includes('Sorry')),
      );
      expect(resigns()).toEqual([]);
    }),
  );

  it(
    'waits a day for its approval',
    inWorkspace(async (workspace) => {
      const { press, clock, resigns } = workspace;
      const { posted } = await askFor(workspace, 'ada@example.com');
      clock.aheadMs = day + 1_000;
      await press({ action: 'offboard_approve', value: keyIn(posted), user: approver });
      await updated(workspace, 'nobody approved it within 24 hours');
      expect(resigns()).toEqual([]);
    }),
  );

  it(
    'waits for its date, which begins where the person who asked is',
    inWorkspace(async (workspace) => {
      const date = new Date(Date.now() + 40 * day).toISOString().slice(0, 10);
      const { shown, posted } = await askFor(workspace, `ada@example.com on ${date} last day`);
      const at = new Date(Date.parse(`${date}T00:00:00+08:00`)).toISOString().slice(0, 16).replace('T', ' ');
      expect(textOf(shown)).toContain(`${at} UTC`);
      await workspace.press({ action: 'offboard_approve', value: keyIn(posted), user: approver });
      await updated(workspace, 'it is done on its date');
      expect(workspace.resigns()).toEqual([]);
    }),
  );

  it(
    'of a date that has passed is asked back',
    inWorkspace(async ({ command }) => {
      const shown = await command({ command: '/resign', text: 'ada@example.com on 2020-01-01' });
      expect(textOf(shown)).toContain('That date has passed');
    }),
  );
});
