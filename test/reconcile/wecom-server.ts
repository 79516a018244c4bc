import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** WeCom's API, as far as it lists who is there: two people on a page. */
export interface WecomServer {
  readonly url: string;
  setPeople(people: readonly string[]): void;
  /** Answers what is asked for at this path with this, instead of as it should. */
  setAnswer(path: 'gettoken' | 'user/list_id', answer: { status?: number; body: string } | null): void;
  close(): Promise<void>;
}

export async function startWecomServer(): Promise<WecomServer> {
  let people: readonly string[] = [];
  const answers = new Map<string, { status?: number; body: string }>();
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    const path = pathname.replace('/cgi-bin/', '');
    const set = answers.get(path);
    const body = set?.body ?? JSON.stringify(await answerTo(path, searchParams, request));
    response.writeHead(set?.status ?? 200, { 'content-type': 'application/json' });
    response.end(body);
  });

  async function answerTo(
    path: string,
    query: URLSearchParams,
    request: NodeJS.ReadableStream,
  ): Promise<object> {
    if (path === 'gettoken') {
      const genuine = query.get('corpid') === 'corp' && query.get('corpsecret') === 'contact secret';
      return genuine ? { errcode: 0, errmsg: 'ok', access_token: 'token/1+' } : { errcode: 40_001 };
    }
    if (path !== 'user/list_id' || query.get('access_token') !== 'token/1+') return { errcode: 40_014 };
    const { cursor } = Object(await json(request));
    const from = Number(cursor || 0);
    const listed = people.slice(from, from + 2).flatMap((userid) => [
      { userid, department: 1 },
      { userid, department: 2 },
    ]);
    const next_cursor = from + 2 < people.length ? String(from + 2) : '';
    return { errcode: 0, errmsg: 'ok', next_cursor, dept_user: listed };
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setPeople(list) {
      people = list;
    },
    setAnswer(path, answer) {
      if (answer) answers.set(path, answer);
      else answers.delete(path);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
