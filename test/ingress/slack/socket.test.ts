import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { commandFields, pressPayload } from '../../support/slack/sender.ts';
import { until } from '../../support/until.ts';
import { approver, inWorkspace, keyIn, type Shown, textOf, type Workspace } from './workspace.ts';

const mode = { mode: 'socket' } as const;

interface Ack {
  readonly envelope_id: string;
  readonly payload: Shown;
}

/** Sends over the socket that is open, and waits for what comes back. */
async function exchange({ slack }: Workspace, type: string, payload: object): Promise<Ack> {
  const envelope = { envelope_id: randomUUID(), type, accepts_response_payload: true, payload };
  const socket = await until(() => [...slack.sockets].at(-1));
  socket.send(envelope);
  const acks = slack.envelopes as Ack[];
  return until(() => acks.find((one) => one.envelope_id === envelope.envelope_id));
}

describe('Socket Mode', () => {
  it(
    'takes commands and presses as HTTP does',
    inWorkspace(async (workspace) => {
      const { slack, kicks, url } = workspace;
      const fields = commandFields({ text: '<@U0123ABC|ada> left today', triggerId: '1.2.3' });
      const asked = await exchange(workspace, 'slash_commands', fields);
      expect(textOf(asked.payload)).toContain('Ada Lovelace (Activated)');
      const again = await exchange(workspace, 'slash_commands', fields);
      expect(textOf(again.payload)).toContain('came twice');
      const value = keyIn(asked.payload);
      await exchange(
        workspace,
        'interactive',
        pressPayload({ action: 'offboard_confirm', value, responseUrl: slack.responseUrl() }),
      );
      await until(() =>
        slack.callsOf('response_url').find(({ args }) => textOf(args as never).includes('Done: signed out')),
      );
      expect(kicks()).toHaveLength(1);
      expect(slack.callsOf('apps.connections.open').map(({ token }) => token)).toEqual(['xapp-test-token']);
      expect((await fetch(`${url()}/slack/events`, { method: 'POST' })).status).toBe(404);
    }, mode),
  );

  it(
    'connects again when Slack closes the connection, asks for it, or cannot be reached',
    inWorkspace(async (workspace) => {
      const { slack, lines } = workspace;
      await until(() => slack.sockets.size === 1);
      for (const socket of slack.sockets) socket.send({ type: 'disconnect', reason: 'refresh_requested' });
      await until(() => slack.opened() === 2);
      slack.faults.set('apps.connections.open', { status: 503 });
      for (const socket of slack.sockets) socket.destroy();
      await until(() => lines.some(({ message }) => message.startsWith('Slack could not be reached')));
      slack.faults.clear();
      await until(() => slack.opened() === 3);
      const { payload } = await exchange(workspace, 'slash_commands', commandFields({ text: 'help' }));
      expect(textOf(payload)).toContain('/kick');
      expect(JSON.stringify(lines)).not.toMatch(/secret-ticket|xapp-test/);
    }, mode),
  );

  it(
    'shows in the status of the bridge that it is not connected',
    inWorkspace(async ({ slack, url }) => {
      const codes = async (): Promise<string[]> => {
        const response = await fetch(`${url()}/v1/status`, {
          headers: { authorization: `Bearer ${'o'.repeat(32)}` },
        });
        return ((await response.json()) as { degraded: { code: string }[] }).degraded.map(({ code }) => code);
      };
      await until(async () => !(await codes()).includes('slack_disconnected'));
      slack.faults.set('apps.connections.open', { body: { ok: false, error: 'invalid_auth' } });
      for (const socket of slack.sockets) socket.destroy();
      await until(async () => (await codes()).includes('slack_disconnected'));
    }, mode),
  );

  it(
    'refuses whoever may not',
    inWorkspace(async (workspace) => {
      const { payload } = await exchange(
        workspace,
        'slash_commands',
        commandFields({ text: 'ada@example.com', user: approver }),
      );
      expect(textOf(payload)).toContain('Sorry');
    }, mode),
  );
});
