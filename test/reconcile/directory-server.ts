import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What is asked of a directory. */
export interface Question {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string;
  /** Of a POST; `{}` of any other. */
  readonly body: { readonly [key: string]: unknown };
}

export interface SetAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  /** Only the first so many times; always, unless told. */
  readonly times?: number;
  /** Only to questions like this one; to every one, unless told. */
  readonly when?: (question: Question) => boolean;
}

/** A vendor's API of its directory, on a port of its own. */
export interface DirectoryServer {
  readonly url: string;
  /** The paths that were asked for, in order. */
  readonly asked: readonly string[];
  /** Answers what is asked for at this path with this, instead of as it should. */
  setAnswer(path: string, answer: SetAnswer): void;
  /** Does this at every question, before it is answered. */
  onAsked(then: (question: Question) => void): void;
  close(): Promise<void>;
}

/** `answer` gives the JSON of the answer as it should be. */
export async function startDirectoryServer(answer: (question: Question) => object): Promise<DirectoryServer> {
  const asked: string[] = [];
  let onAsked: (question: Question) => void = () => undefined;
  const set = new Map<string, { answer: SetAnswer; left: number }>();

  function insteadOf(question: Question): SetAnswer | null {
    const one = set.get(question.path);
    if (!one || one.left === 0 || one.answer.when?.(question) === false) return null;
    one.left -= 1;
    return one.answer;
  }

  const server = createServer(async (request, response) => {
    const question = await readQuestion(request);
    asked.push(question.path);
    onAsked(question);
    const instead = insteadOf(question);
    response.writeHead(instead?.status ?? 200, { 'content-type': 'application/json', ...instead?.headers });
    response.end(instead?.body ?? JSON.stringify(answer(question)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    setAnswer: (path, one) =>
      void set.set(path, { answer: one, left: one.times ?? Number.POSITIVE_INFINITY }),
    onAsked(then) {
      onAsked = then;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readQuestion(request: IncomingMessage): Promise<Question> {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
  const body = await text(request);
  return {
    path: pathname,
    query: searchParams,
    authorization: request.headers.authorization ?? '',
    body: body === '' ? {} : JSON.parse(body),
  };
}
