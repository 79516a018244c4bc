import type { Config } from '../config.ts';
import type { Log } from '../core/log.ts';
import type { Tracer } from '../core/tracer.ts';
import type { Headcount } from '../dispatcher/headcount.ts';
import type { Lookups } from '../dispatcher/lookup.ts';
import type { Protection } from '../dispatcher/protection.ts';
import type { Throttle } from '../dispatcher/throttle.ts';
import type { Activity } from '../ingress/activity.ts';
import type { Metrics } from '../ingress/metrics.ts';
import type { SlackVoice, UserPool } from '../ingress/slack.ts';
import type { Relay } from '../publishers/relay.ts';
import type { Stream } from '../publishers/stream.ts';
import type { Store } from '../store/contract.ts';
import type { Confirmations } from './confirmations.ts';
import type { KafkaRooms } from './kafka.ts';

/** What the listeners are built from. */
export interface Rooms {
  readonly config: Config;
  readonly store: Store;
  readonly metrics: Metrics;
  readonly activity: Activity;
  /** `null` = nothing is traced. */
  readonly tracer: Tracer | null;
  readonly throttle: Throttle;
  readonly lookups: Lookups;
  readonly protection: Protection;
  readonly headcount: Pick<Headcount, 'isMissing'>;
  readonly stream: Stream;
  readonly relays: readonly { readonly name: string; readonly relay: Relay }[];
  /** `null` when no workspace is configured. */
  readonly slackVoice: SlackVoice | null;
  readonly userPool: UserPool;
  readonly confirmations: Pick<Confirmations, 'begin'>;
  readonly kafka: Pick<KafkaRooms, 'troubles' | 'consumer'> | null;
  readonly log: Log;
  readonly now: () => number;
  readonly random: () => number;
  readonly closing: AbortSignal;
}
