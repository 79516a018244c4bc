import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { placeOutcome, recordOutcome } from '../../../src/core/outcome.ts';
import { as, deliveryOf, type House, inHouse, tokens } from '../house.ts';

/** Makes outcomes: each of these people is held. */
async function hold(house: House, ...names: string[]): Promise<void> {
  const occurredAt = house.clock.now - 8 * 86_400_000;
  const people = names.map((name) => ({ action: 'kick', email: `${name}@example.com`, occurredAt }));
  await house.receiver.receive('hr', deliveryOf({ people }));
  await house.sequence();
}

interface Listener {
  readonly response: Response;
  /** Reads on until that many events have come, and gives the ids and subjects of all so far. */
  until(count: number): Promise<string[]>;
  readonly text: () => string;
  hangUp(): void;
}

async function listen({ url }: House, query = '', headers: Record<string, string> = {}): Promise<Listener> {
  const hangUp = new AbortController();
  const response = await fetch(`${url}/v1/outcomes${query}`, {
    headers: { ...as('vera'), accept: 'text/event-stream', ...headers },
    signal: hangUp.signal,
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const events = () =>
    [...text.matchAll(/^id: (\d+)\ndata: (.*)\n\n/gm)].map(
      ([, id, data]) => `${id} ${JSON.parse(String(data)).subject}`,
    );
  return {
    response,
    text: () => text,
    async until(count) {
      while (events().length < count) {
        const read = await reader?.read();
        if (!read || read.done) throw new Error(`the stream ended after ${events().length} events`);
        text += read.value;
      }
      return events();
    },
    hangUp: () => hangUp.abort(),
  };
}

const subject = (position: number, name: string) => `${position} email:${name}@example.com`;

describe('GET /v1/outcomes', () => {
  it(
    'gives the trail in pages, as CloudEvents',
    inHouse(async (house) => {
      await hold(house, 'a', 'b', 'c');
      const get = (query: string) => request(house.url).get(`/v1/outcomes${query}`).set(as('vera'));
      const first = await get('?limit=2');
      expect(first.body.outcomes).toMatchObject([
        { specversion: '1.0', type: 'user.kick.held', subject: 'email:a@example.com', data: { position: 1 } },
        { data: { position: 2 } },
      ]);
      expect(first.body.next).toBe('2');
      const second = await get(`?limit=2&after=${first.body.next}`);
      expect(second.body.outcomes).toMatchObject([{ data: { position: 3 } }]);
      expect(second.body.next).toBeNull();
      expect((await get('?limit=3')).body.next).toBeNull();
      expect((await get('?after=3')).body).toEqual({ outcomes: [], next: null });
    }),
  );

  it.each(['after=x', 'after=-1', 'after=1.5', 'limit=0', 'before=3'])('answers 400 to ?%s', (query) =>
    inHouse(async ({ url }) => {
      expect((await request(url).get(`/v1/outcomes?${query}`).set(as('vera'))).status).toBe(400);
    })(),
  );
});

describe('the live stream', () => {
  it(
    'replays all there is, then goes on as it comes',
    inHouse(async (house) => {
      await hold(house, 'a', 'b', 'c');
      const listener = await listen(house);
      expect(listener.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
      expect(listener.response.headers.get('x-accel-buffering')).toBe('no');
      expect(await listener.until(3)).toEqual([subject(1, 'a'), subject(2, 'b'), subject(3, 'c')]);
      await hold(house, 'd');
      expect((await listener.until(4)).at(-1)).toBe(subject(4, 'd'));
      listener.hangUp();
    }),
  );

  it(
    'goes on after Last-Event-ID, which counts more than the address',
    inHouse(async (house) => {
      await hold(house, 'a', 'b', 'c');
      const after = await listen(house, '?after=1');
      expect(await after.until(2)).toEqual([subject(2, 'b'), subject(3, 'c')]);
      const again = await listen(house, '?after=1', { 'last-event-id': '2' });
      expect(await again.until(1)).toEqual([subject(3, 'c')]);
      after.hangUp();
      again.hangUp();
    }),
  );

  it(
    'answers 400 to a Last-Event-ID that is none, and 401 to strangers',
    inHouse(async (house) => {
      const odd = await listen(house, '', { 'last-event-id': 'x' });
      expect(odd.response.status).toBe(400);
      const stranger = await listen(house, '', { authorization: `Bearer ${tokens[0]?.token}x` });
      expect(stranger.response.status).toBe(401);
    }),
  );

  it(
    'says that it is alive while nothing happens',
    inHouse(async (house) => {
      const listener = await listen(house);
      const waiting = listener.until(1);
      await new Promise<void>((resolve) => {
        const look = setInterval(() => {
          if (!listener.text().includes(': still here\n\n')) return;
          clearInterval(look);
          resolve();
        }, 5);
      });
      await hold(house, 'a');
      expect(await waiting).toEqual([subject(1, 'a')]);
      listener.hangUp();
    }),
  );

  it(
    'of one who hung up or does not read is nothing to the others',
    inHouse(async (house) => {
      const gone = await listen(house);
      const idle = await listen(house);
      const listener = await listen(house);
      gone.hangUp();
      const names = Array.from({ length: 50 }, (_, i) => `p${i}`);
      await hold(house, ...names);
      expect(await listener.until(50)).toEqual(names.map((name, i) => subject(i + 1, name)));
      idle.hangUp();
      listener.hangUp();
    }),
  );

  it('reads no further than its client does, and lets go of one that stalls', async () => {
    const ended = Promise.withResolvers<number>();
    const template = placeOutcome(
      recordOutcome({ type: 'operator.decided', source: 'api', time: 0, reason: 'x'.repeat(100_000) }),
      { id: 'o', position: 1, previousHash: '' },
    );
    const reader = {
      async *outcomes() {
        let pages = 0;
        try {
          for (; ; pages += 1) yield [template];
        } finally {
          ended.resolve(pages);
        }
      },
    };
    const test = inHouse(
      async ({ port }) => {
        const socket = connect(port, '127.0.0.1').pause();
        socket.on('error', () => {});
        const headers = `host: x\r\nauthorization: ${as('vera').authorization}\r\naccept: text/event-stream`;
        socket.write(`GET /v1/outcomes HTTP/1.1\r\n${headers}\r\n\r\n`);
        // Kernels keep a few megabytes for a socket; the page that overflows them is the last.
        expect(await ended.promise).toBeLessThan(1_000);
        socket.destroy();
      },
      { reader, stallMs: 100 },
    );
    await test();
  });

  it(
    'ends when the process stops, so that its client goes elsewhere',
    inHouse(async (house) => {
      const listener = await listen(house);
      const waiting = expect(listener.until(1)).rejects.toThrow('the stream ended after 0 events');
      await house.stop();
      await waiting;
    }),
  );
});
