import type { z } from 'zod';
import type { Handler } from '../core/handler.ts';
import type { Frozen } from './frozen.ts';
import type { fileSchema, sourceSchema } from './schema.ts';

/** The handlers by the words that name them in the file. */
export type Handlers = Readonly<Record<string, Handler>>;

/** One configured sender. */
export interface SourceConfig extends Frozen<z.output<typeof sourceSchema>> {
  readonly id: string;
  /** The word in the file that names the handler. */
  readonly kind: string;
  readonly handler: Handler;
  /** The handler's own, as its schema puts them out. */
  readonly settings: unknown;
}

/** The whole configuration, checked and frozen; durations in milliseconds. */
export interface Config extends Frozen<Omit<z.output<typeof fileSchema>, 'sources'>> {
  readonly sources: Readonly<Record<string, SourceConfig>>;
}
