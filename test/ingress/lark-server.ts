import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { type WebSocket, WebSocketServer } from 'ws';
import type { StreamServer } from './stream-server.ts';

/** What a client answered to an event. */
interface Ack {
  readonly messageId: string;
  readonly code: number;
}

/** Lark's gateway for the long connection: everything again that was not answered with 200. */
export interface LarkServer extends StreamServer<Ack> {
  /** Pushes an event now, in two frames, and again to whoever connects, until it is acknowledged. */
  push(event: object): void;
  /** Answers the next requests for an address with this code; `0` = as it should. */
  setGatewayCode(code: number): void;
}

export async function startLarkServer(): Promise<LarkServer> {
  const acks: Ack[] = [];
  const waiting = new Map<string, Buffer[]>();
  const sockets = new Set<WebSocket>();
  const greeted = new Set<WebSocket>();
  const state = { deaf: false, code: 0, connections: 0, messages: 0 };
  const server = createServer(async (request, response) => {
    const { AppSecret } = Object(await json(request));
    const code = request.url === '/callback/ws/endpoint' && AppSecret === 'app secret' ? state.code : 514;
    const URL = `ws://127.0.0.1:${port}/ws?device_id=1&service_id=7`;
    const ClientConfig = { PingInterval: 60, ReconnectCount: -1, ReconnectInterval: 0.01, ReconnectNonce: 0 };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ code, msg: code === 0 ? 'ok' : 'refused', data: { URL, ClientConfig } }));
  });
  const webSockets = new WebSocketServer({ server });
  webSockets.on('connection', (socket) => {
    state.connections += 1;
    sockets.add(socket);
    socket.on('close', () => {
      sockets.delete(socket);
      greeted.delete(socket);
    });
    socket.on('message', (raw: Buffer) => {
      const { headers, payload } = decodeFrame(raw);
      // The client greets with a ping. What comes before that it does not hear yet.
      if (headers.get('type') === 'ping') return greet(socket);
      const messageId = headers.get('message_id') ?? '';
      const { code } = JSON.parse(payload.toString());
      acks.push({ messageId, code });
      if (code === 200 && !state.deaf) waiting.delete(messageId);
    });
  });

  function greet(socket: WebSocket): void {
    greeted.add(socket);
    for (const frame of [...waiting.values()].flat()) socket.send(frame);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    acks,
    connections: () => state.connections,
    push(event) {
      const message_id = `m-${state.messages}`;
      state.messages += 1;
      const content = Buffer.from(JSON.stringify(event));
      const halves = [content.subarray(0, 100), content.subarray(100)];
      const frames = halves.map((payload, seq) =>
        encodeFrame({ type: 'event', message_id, sum: '2', seq: `${seq}`, trace_id: 't' }, payload),
      );
      waiting.set(message_id, frames);
      for (const socket of greeted) for (const frame of frames) socket.send(frame);
    },
    drop() {
      for (const socket of sockets) socket.terminate();
    },
    setDeaf(deaf) {
      state.deaf = deaf;
    },
    setGatewayCode(code) {
      state.code = code;
    },
    async close() {
      for (const socket of sockets) socket.terminate();
      webSockets.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

// The wire format of the SDK's `pbbp2.Frame`: 1 SeqID, 2 LogID, 3 service, 4 method (1 = data), 5 headers, 8 payload.

function encodeFrame(headers: Readonly<Record<string, string>>, payload: Buffer): Buffer {
  const listed = Object.entries(headers).map(([key, value]) =>
    field(5, Buffer.concat([field(1, Buffer.from(key)), field(2, Buffer.from(value))])),
  );
  const numbers = Buffer.from([0x08, 0, 0x10, 0, 0x18, 7, 0x20, 1]);
  return Buffer.concat([numbers, ...listed, field(8, payload)]);
}

function field(id: number, content: Buffer): Buffer {
  const size: number[] = [];
  let rest = content.length;
  for (; rest > 127; rest >>= 7) size.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([(id << 3) | 2, ...size, rest]), content]);
}

function decodeFrame(frame: Buffer): { headers: Map<string, string>; payload: Buffer } {
  const headers = new Map<string, string>();
  let payload = Buffer.alloc(0);
  for (const { id, content } of fieldsOf(frame)) {
    if (id === 8) payload = Buffer.from(content);
    if (id !== 5) continue;
    const [key, value] = fieldsOf(content).map((part) => part.content.toString());
    headers.set(key ?? '', value ?? '');
  }
  return { headers, payload };
}

function fieldsOf(bytes: Buffer): { id: number; content: Buffer }[] {
  const found: { id: number; content: Buffer }[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes.readUInt8(at);
      at += 1;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const size = varint();
    if ((tag & 7) !== 2) continue;
    found.push({ id: tag >> 3, content: bytes.subarray(at, at + size) });
    at += size;
  }
  return found;
}
