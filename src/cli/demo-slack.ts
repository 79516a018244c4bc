import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A Slack for the demo: it knows one member, and keeps the messages that it is sent. */
export interface DemoSlack {
  readonly apiUrl: string;
  readonly signingSecret: string;
  /** What people see now, the newest last; each as its lines of text. */
  readonly messages: readonly string[];
  command(bridgeUrl: string, text: string): Promise<DemoMessage>;
  press(bridgeUrl: string, value: string): Promise<void>;
  close(): Promise<void>;
}

interface DemoMessage {
  readonly text: string;
  /** What its buttons carry. */
  readonly value: string;
}

interface DemoBlocks {
  readonly blocks: readonly {
    readonly text?: { readonly text?: string };
    readonly elements?: readonly { readonly value?: string }[];
  }[];
}

/** @param email the address of the member who is mentioned as `<@U0GRACE>` */
export async function openDemoSlack(email: string): Promise<DemoSlack> {
  const messages: string[] = [];
  const signingSecret = randomUUID();
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    if (request.url === '/respond') messages.push(linesOf(JSON.parse(body)));
    const user = { id: 'U0GRACE', is_bot: false, tz: 'Etc/UTC', profile: { email } };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ok: true, user }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function send(bridgeUrl: string, fields: Record<string, string>): Promise<Response> {
    const body = new URLSearchParams(fields).toString();
    const timestamp = String(Math.floor(Date.now() / 1_000));
    const signature = createHmac('sha256', signingSecret).update(`v0:${timestamp}:${body}`).digest('hex');
    return fetch(`${bridgeUrl}/slack/events`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-slack-request-timestamp': timestamp,
        'x-slack-signature': `v0=${signature}`,
      },
      body,
    });
  }

  return {
    apiUrl: `${url}/api/`,
    signingSecret,
    messages,
    async command(bridgeUrl, text) {
      const response = await send(bridgeUrl, {
        command: '/kick',
        text,
        user_id: 'U0ONCALL',
        channel_id: 'C0INCIDENT',
        trigger_id: randomUUID(),
        response_url: `${url}/respond`,
      });
      const message = (await response.json()) as DemoBlocks;
      const buttons = message.blocks.flatMap(({ elements = [] }) => elements);
      return { text: linesOf(message), value: buttons.find(({ value }) => value)?.value ?? '' };
    },
    async press(bridgeUrl, value) {
      const payload = {
        type: 'block_actions',
        user: { id: 'U0ONCALL' },
        team: { id: 'T0DEMO' },
        response_url: `${url}/respond`,
        actions: [{ type: 'button', action_id: 'offboard_confirm', block_id: 'demo', value }],
      };
      await send(bridgeUrl, { payload: JSON.stringify(payload) });
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The texts of a message's sections and headers, one after the other. */
function linesOf({ blocks }: DemoBlocks): string {
  return blocks.flatMap(({ text }) => text?.text?.split('\n') ?? []).join(' | ');
}
