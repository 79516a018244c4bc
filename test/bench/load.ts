import { connect } from 'node:net';
import { signStandardWebhook } from '../../src/cli/demo-deliveries.ts';
import { webhookSecret } from './programs.ts';

/** What became of a load. */
export interface LoadResult {
  readonly perSecond: number;
  /** Of each request, from its first byte out to its last byte in. */
  readonly latenciesMs: readonly number[];
}

/** A webhook of the source `bench`, signed under an id of its own, as the bytes of a whole HTTP request. */
export function webhookRequest(type: string, data: object): Buffer {
  const event = { type, timestamp: new Date().toISOString(), data };
  const { body, headers } = signStandardWebhook(event, webhookSecret);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(
    `POST /hooks/bench HTTP/1.1\r\nhost: bench\r\n${lines.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** Somebody of whom nothing was told before. */
let people = Date.now();
export function nextLeaver() {
  people += 1;
  return {
    userIdType: 'email',
    userId: `p${people}@example.com`,
    subject: String(people),
    reason: 'last day',
  };
}

export const connections = 64;

/**
 * Sends requests that are made up beforehand over so many kept-alive connections, one at a time on each, so that the
 * sender takes as little as can be of the machine that it shares with what is measured.
 * @throws when one is not answered with 200
 */
export async function sendLoad(
  url: string,
  requests: readonly Buffer[],
  width: number = connections,
): Promise<LoadResult> {
  const waiting = requests.values();
  const latenciesMs: number[] = [];
  const start = performance.now();
  await Promise.all(Array.from({ length: width }, () => sendEach(url, waiting, latenciesMs)));
  return { perSecond: (requests.length / (performance.now() - start)) * 1_000, latenciesMs };
}

function sendEach(url: string, waiting: Iterator<Buffer>, latenciesMs: number[]): Promise<void> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    let heard = '';
    let sentAt = 0;

    function next(): void {
      const { value, done } = waiting.next();
      if (done) {
        socket.destroy();
        resolve();
        return;
      }
      sentAt = performance.now();
      socket.write(value);
    }

    socket.once('connect', next);
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1');
      if (!isWhole(heard)) return;
      latenciesMs.push(performance.now() - sentAt);
      const answer = heard;
      heard = '';
      if (answer.startsWith('HTTP/1.1 200')) next();
      else socket.destroy(new Error(`not accepted: ${answer}`));
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
  });
}

function isWhole(answer: string): boolean {
  const end = answer.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const length = /content-length: (\d+)/i.exec(answer.slice(0, end))?.[1];
  return length !== undefined && answer.length >= end + 4 + Number(length);
}
