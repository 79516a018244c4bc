import { createHmac, randomUUID } from 'node:crypto';

export const signingSecret = '8f742231b10e8888abcd99yyyzzz85a5';

export interface Sending {
  /** Seconds since 1970. */
  readonly timestamp?: number;
  readonly secret?: string;
  readonly contentType?: string;
}

/** Signs a body as Slack does. */
export function signSlack(
  body: string,
  { timestamp = Math.floor(Date.now() / 1_000), secret = signingSecret }: Sending = {},
) {
  const hmac = createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex');
  return { 'x-slack-request-timestamp': String(timestamp), 'x-slack-signature': `v0=${hmac}` };
}

/** Sends a signed form to the bridge. */
export function sendForm(bridgeUrl: string, body: string, sending: Sending = {}): Promise<Response> {
  const { contentType = 'application/x-www-form-urlencoded' } = sending;
  return fetch(`${bridgeUrl}/slack/events`, {
    method: 'POST',
    headers: { 'content-type': contentType, ...signSlack(body, sending) },
    body,
  });
}

export interface TypedCommand {
  readonly command?: string;
  readonly text: string;
  readonly user?: string;
  readonly responseUrl?: string;
  readonly triggerId?: string;
}

/** A slash command as Slack sends it. */
export function commandFields(typed: TypedCommand): Record<string, string> {
  return {
    token: 't',
    team_id: 'T1',
    team_domain: 'example',
    channel_id: 'C1',
    channel_name: 'ops',
    user_id: typed.user ?? 'U0ADMIN',
    user_name: 'bob',
    command: typed.command ?? '/kick',
    text: typed.text,
    api_app_id: 'A1',
    is_enterprise_install: 'false',
    response_url: typed.responseUrl ?? '',
    trigger_id: typed.triggerId ?? randomUUID(),
  };
}

export interface PressedButton {
  readonly action: string;
  readonly value: string;
  readonly user?: string;
  readonly responseUrl?: string;
}

/** A press of a button as Slack sends it. */
export function pressPayload(pressed: PressedButton): object {
  return {
    type: 'block_actions',
    team: { id: 'T1', domain: 'example' },
    user: { id: pressed.user ?? 'U0ADMIN', username: 'bob', team_id: 'T1' },
    api_app_id: 'A1',
    token: 't',
    container: { type: 'message', message_ts: '1548261231.000200', is_ephemeral: true },
    trigger_id: randomUUID(),
    channel: { id: 'C1', name: 'ops' },
    response_url: pressed.responseUrl,
    actions: [
      {
        action_id: pressed.action,
        block_id: 'b1',
        type: 'button',
        value: pressed.value,
        action_ts: '1548426417.840180',
      },
    ],
  };
}
