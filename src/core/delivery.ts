import type { z } from 'zod';
import { boundFaults, listFaults } from './faults.ts';

/** What came in, raw bytes kept. Header names are lower case; a header or parameter sent twice is joined by `, `. */
export interface Delivery {
  readonly method: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Where a broker or a queue keeps it, such as `topic/partition/offset`; its identity when the sender gives none. */
  readonly position?: string;
}

/** Thrown by `verify`: not genuine, or not fresh. The message is for our log; the sender is not told. */
export class UnverifiedDelivery extends Error {
  override readonly name = 'UnverifiedDelivery';
}

/** Thrown by `normalize`, or put by it in the place of one unreadable part: genuine, but it cannot be read. */
export class MalformedDelivery extends Error {
  override readonly name = 'MalformedDelivery';
  readonly faults: readonly string[];

  constructor(...faults: string[]) {
    const told = boundFaults(faults);
    super(told.join('; '));
    this.faults = told;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Parses a JSON body. @throws MalformedDelivery */
export function parseJsonBody(delivery: Delivery): unknown {
  try {
    return JSON.parse(utf8.decode(delivery.body));
  } catch {
    throw new MalformedDelivery(delivery.body.length === 0 ? 'body: is empty' : 'body: is not JSON in UTF-8');
  }
}

/** One part of a delivery; where it cannot be read, the faults of it, so that the others still count. */
export function readPart<Part>(read: () => Part, place = ''): Part | MalformedDelivery {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MalformedDelivery)) throw error;
    return new MalformedDelivery(...error.faults.map((fault) => place + fault));
  }
}

/** Reads a value by its shape. @throws MalformedDelivery with the faults and their paths */
export function readShape<Output>(shape: z.ZodType<Output>, value: unknown): Output {
  const read = shape.safeParse(value);
  if (!read.success) throw new MalformedDelivery(...listFaults(read.error));
  return read.data;
}
