import type { IncomingMessage } from 'node:http';
import { busyProblem, HttpProblem } from './problem.ts';

/** Reads the body of a request. @throws HttpProblem 413, 415, or 503 when too much is being received */
export type ReadBody = (request: IncomingMessage, limit?: number) => Promise<Buffer>;

export interface BodyReaderOptions {
  /** The limit of a body, unless another is given. */
  readonly maxBodyBytes: number;
  /** What all unfinished bodies may take; 64 MiB, and room for four of the largest, unless told. */
  readonly budgetBytes?: number;
}

/** What a chunk takes in memory beside its bytes, so that a body in chunks of one byte is not held for nothing. */
const chunkOverheadBytes = 512;

/**
 * Bodies as they came: an encoded one would be signed in one form and read in another, so it is refused. A sender is
 * known by its signature, and that only when all has come; until then anybody can have bytes held here. So there is a
 * budget of what has arrived of unfinished bodies, over all connections. What is announced does not count, or headers
 * would be enough to use it up; and a body whose end has come is taken, because it is not held any longer.
 */
export function createBodyReader({
  maxBodyBytes,
  budgetBytes = Math.max(64 * 1_024 * 1_024, 4 * maxBodyBytes),
}: BodyReaderOptions): ReadBody {
  let heldOfAll = 0;

  function collect(request: IncomingMessage, announced: number, limit: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let received = 0;
      let held = 0;
      const letGo = (): void => {
        request.off('data', take).off('end', finish).off('close', breakOff);
        heldOfAll -= held;
      };
      const refuse = (problem: HttpProblem): void => {
        letGo();
        request.resume();
        reject(problem);
      };
      const take = (chunk: Buffer): void => {
        chunks.push(chunk);
        received += chunk.length;
        held += chunk.length + chunkOverheadBytes;
        heldOfAll += chunk.length + chunkOverheadBytes;
        if (received > limit) refuse(tooLarge(limit));
        else if (heldOfAll > budgetBytes && received !== announced) refuse(new HttpProblem(503, busyProblem));
      };
      const finish = (): void => {
        letGo();
        const [first] = chunks;
        resolve(first && chunks.length === 1 ? first : Buffer.concat(chunks, received));
      };
      const breakOff = (): void => {
        letGo();
        reject(new HttpProblem(400));
      };
      request.on('data', take).on('end', finish).on('close', breakOff);
    });
  }

  return async (request, limit = maxBodyBytes) => {
    const { 'content-encoding': encoding, 'content-length': length } = request.headers;
    if (encoding && encoding.toLowerCase() !== 'identity') throw encoded(encoding);
    const announced = Number(length ?? Number.NaN);
    if (announced > limit) throw tooLarge(limit);
    return collect(request, announced, limit);
  };
}

function tooLarge(limit: number): HttpProblem {
  return new HttpProblem(413, { detail: `the body has more than ${limit} bytes` });
}

function encoded(encoding: string): HttpProblem {
  const detail = `the body is encoded as ${encoding.slice(0, 32)}; it must be sent as it is`;
  return new HttpProblem(415, { detail });
}
