import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { type WebSocket, WebSocketServer } from 'ws';
import type { StreamServer } from './stream-server.ts';

/** What a client answered to an event. */
interface Ack {
  readonly messageId: string;
  readonly status: string;
}

/**
 * DingTalk's gateway for Stream mode, as its protocol page describes it: a ticket for one connection, events until
 * each is acknowledged with SUCCESS, and everything again that was not.
 */
export interface DingtalkServer extends StreamServer<Ack> {
  /** Pushes an event now, and again to whoever connects, until it is acknowledged. */
  push(eventId: string, eventType: string, data: object): void;
  /** Sends text as it stands. */
  send(text: string): void;
  /** Answers the next requests for a ticket with this status; `200` = as it should. */
  setGatewayStatus(status: number): void;
}

export async function startDingtalkServer(): Promise<DingtalkServer> {
  const acks: Ack[] = [];
  const waiting = new Map<string, string>();
  const tickets = new Set<string>();
  const state = { deaf: false, status: 200, connections: 0 };
  const sockets = new Set<WebSocket>();
  const server = createServer(async (request, response) => {
    const body = Object(await json(request));
    const genuine = request.url === '/v1.0/gateway/connections/open' && body.clientSecret === 'client secret';
    const status = genuine ? state.status : 401;
    const ticket = `ticket ${tickets.size}+`;
    if (status === 200) tickets.add(ticket);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ endpoint: `ws://127.0.0.1:${port}/connect`, ticket }));
  });
  const webSockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    const ticket = new URL(request.url ?? '', 'http://localhost').searchParams.get('ticket') ?? '';
    if (!tickets.delete(ticket)) socket.destroy();
    else webSockets.handleUpgrade(request, socket, head, welcome);
  });

  function welcome(socket: WebSocket): void {
    state.connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('message', (raw) => {
      const { headers, data } = JSON.parse(String(raw));
      const { status } = JSON.parse(data);
      acks.push({ messageId: headers.messageId, status });
      if (status === 'SUCCESS' && !state.deaf) waiting.delete(headers.messageId);
    });
    socket.send('{"type":"SYSTEM","headers":{"topic":"CONNECTED"}}');
    for (const frame of waiting.values()) socket.send(frame);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const send = (text: string) => {
    for (const socket of sockets) socket.send(text);
  };
  return {
    url: `http://127.0.0.1:${port}`,
    acks,
    connections: () => state.connections,
    push(eventId, eventType, data) {
      const headers = {
        topic: '*',
        messageId: `m-${eventId}`,
        eventType,
        eventId,
        eventCorpId: 'ding1',
        eventBornTime: `${Date.now()}`,
      };
      const frame = JSON.stringify({
        specVersion: '1.0',
        type: 'EVENT',
        headers,
        data: JSON.stringify(data),
      });
      waiting.set(headers.messageId, frame);
      send(frame);
    },
    send,
    drop() {
      for (const socket of sockets) socket.terminate();
    },
    setDeaf(deaf) {
      state.deaf = deaf;
    },
    setGatewayStatus(status) {
      state.status = status;
    },
    async close() {
      for (const socket of sockets) socket.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
