import type { Socket } from 'node:net';
import { openTcpProxy, type TcpProxy } from '../proxy.ts';

/** The requests whose answers can be bent, by their numbers in Kafka's protocol. */
const apiKeys = { produce: 0, fetch: 1, heartbeat: 12 } as const;
export type KafkaApi = keyof typeof apiKeys;

/** A proxy that knows just enough of Kafka's protocol to break it. */
export interface KafkaProxy extends Pick<TcpProxy, 'address' | 'leadTo' | 'cut' | 'close'> {
  /** Puts an error code of the protocol into the next answers to such a request. */
  fail(api: KafkaApi, code: number, times?: number): void;
  /** Lets the broker carry out the next such request, and cuts the connection in the place of its answer. */
  loseAnswer(api: KafkaApi): void;
  /** How many of the asked-for faults are still to come. */
  pending(): number;
  /** Passes no answers on until told otherwise; connections stay. */
  mute(isMute: boolean): void;
}

type Fault = { readonly kind: 'fail'; readonly code: number } | { readonly kind: 'lose' };

interface Request {
  readonly api: KafkaApi | null;
  readonly version: number;
}

export async function openKafkaProxy(): Promise<KafkaProxy> {
  const faults: Record<KafkaApi, Fault[]> = { produce: [], fetch: [], heartbeat: [] };
  let isMute = false;

  function relay(client: Socket, broker: Socket): void {
    const requests = new Map<number, Request>();
    client.on('data', (chunk) => broker.write(chunk));
    client.on(
      'data',
      inFrames((frame) => requests.set(frame.readInt32BE(8), readRequest(frame))),
    );
    broker.on(
      'data',
      inFrames((frame) => {
        const id = frame.readInt32BE(4);
        const request = requests.get(id);
        requests.delete(id);
        if (isMute) return;
        const fault = request?.api ? faults[request.api].shift() : undefined;
        if (fault?.kind === 'lose') client.destroy();
        else client.write(fault && request ? spoil(frame, request, fault.code) : frame);
      }),
    );
  }

  const { address, leadTo, cut, close } = await openTcpProxy({ relay });
  return {
    address,
    leadTo,
    cut,
    close,
    fail(api, code, times = 1) {
      for (let n = 0; n < times; n += 1) faults[api].push({ kind: 'fail', code });
    },
    loseAnswer: (api) => void faults[api].push({ kind: 'lose' }),
    pending: () => Object.values(faults).flat().length,
    mute(mute) {
      isMute = mute;
    },
  };
}

/** Puts what comes in pieces together again: each frame begins with its length, in four bytes. */
function inFrames(take: (frame: Buffer) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (let end = lengthOf(rest); rest.length >= end; end = lengthOf(rest)) {
      take(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
  };
}

function lengthOf(bytes: Buffer): number {
  return bytes.length < 4 ? Number.POSITIVE_INFINITY : 4 + bytes.readInt32BE(0);
}

/** Length, API key, version, correlation id. */
function readRequest(frame: Buffer): Request {
  const key = frame.readInt16BE(4);
  const api = (Object.keys(apiKeys) as KafkaApi[]).find((one) => apiKeys[one] === key) ?? null;
  return { api, version: frame.readInt16BE(6) };
}

/** Writes the code where the client looks for it: in the answer itself, or in its first partition. */
function spoil(frame: Buffer, { api, version }: Request, code: number): Buffer {
  const spoiled = Buffer.from(frame);
  const afterId = 8;
  if (api === 'heartbeat') spoiled.writeInt16BE(code, afterId + (version >= 1 ? 4 : 0));
  else {
    const topics = api === 'produce' ? afterId : afterId + (version >= 7 ? 10 : 4);
    const nameLength = spoiled.readInt16BE(topics + 4);
    // Number of topics, name of the first, number of its partitions, number of the first.
    spoiled.writeInt16BE(code, topics + 4 + 2 + nameLength + 4 + 4);
  }
  return spoiled;
}
