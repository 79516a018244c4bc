import type { Handler } from '../core/handler.ts';
import type { Action } from '../core/intent.ts';

type Transport = 'http' | 'stream' | 'kafka' | 'slack' | 'api';

/** One configured sender. */
export interface Source {
  readonly id: string;
  readonly handler: Handler;
  /** What the handler's schema put out. */
  readonly settings: unknown;
  /** What this source may cause. */
  readonly actions: readonly Action[];
  readonly transport: Transport;
}

export type Sources = ReadonlyMap<string, Source>;
