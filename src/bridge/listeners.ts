import type { Config } from '../config.ts';
import type { Log } from '../core/log.ts';
import type { Tracer } from '../core/tracer.ts';
import type { Headcount } from '../dispatcher/headcount.ts';
import type { Lookups } from '../dispatcher/lookup.ts';
import type { Protection } from '../dispatcher/protection.ts';
import type { Throttle } from '../dispatcher/throttle.ts';
import type { Activity } from '../ingress/activity.ts';
import { type Degradation, silences } from '../ingress/api/operation.ts';
import { apiSource } from '../ingress/api/source.ts';
import { apiRoutes } from '../ingress/api.ts';
import { consoleRoutes } from '../ingress/console.ts';
import { createDecisions, type Decisions } from '../ingress/decisions.ts';
import { healthRoutes, metricsRoutes } from '../ingress/health.ts';
import { createHeldSets, type HeldSets } from '../ingress/held-sets.ts';
import { hookRoutes } from '../ingress/http.ts';
import type { Metrics } from '../ingress/metrics.ts';
import { createReceiver, type Receiver } from '../ingress/receive.ts';
import { createSlack, type Directory, type Slack, type SlackVoice, slackSource } from '../ingress/slack.ts';
import type { Source, Sources } from '../ingress/source.ts';
import { createStreams, type Streams } from '../ingress/streams.ts';
import type { Relay } from '../publishers/relay.ts';
import type { Stream } from '../publishers/stream.ts';
import type { Store } from '../store/contract.ts';
import type { Confirmations } from './confirmations.ts';
import type { KafkaRooms } from './kafka.ts';
import { openServers, type ServerRoutes } from './servers.ts';
import { traceReceiver } from './tracing.ts';

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
  readonly directory: Directory;
  readonly confirmations: Pick<Confirmations, 'begin'>;
  readonly kafka: Pick<KafkaRooms, 'troubles' | 'consumer'> | null;
  readonly log: Log;
  readonly now: () => number;
  readonly random: () => number;
  readonly closing: AbortSignal;
}

/** What is heard by HTTP from the beginning, and by Slack and streams once they are started. */
export interface Listeners {
  /** The door that they lead to. */
  readonly receiver: Receiver;
  readonly heldSets: HeldSets;
  readonly url: string;
  readonly adminUrl: string;
  start(): void;
  /** Takes nothing more in, and finishes what is being kept. */
  close(): Promise<void>;
}

/** Opens the listeners: everything on one, or the operator's side on one of its own. */
export async function openListeners(rooms: Rooms): Promise<Listeners> {
  const routes = createRoutes(rooms);
  const { receiver, slack, streams, heldSets } = routes;
  const { url, adminUrl, close: closeServers } = await openServers(rooms, routes);
  return {
    receiver,
    heldSets,
    url,
    adminUrl,
    start() {
      slack?.start();
      streams.start();
    },
    async close() {
      // The servers last: Slack answers over one of them.
      await Promise.all([slack?.stop(), streams.close()]);
      await closeServers();
    },
  };
}

interface Routes extends ServerRoutes {
  readonly receiver: Receiver;
  readonly slack: Slack | null;
  readonly streams: Streams;
  readonly heldSets: HeldSets;
}

function createRoutes(rooms: Rooms): Routes {
  const { config, store, metrics, activity, log, now } = rooms;
  const sources = sourcesOf(config);
  const { maxBodyBytes, tokens } = config.server;
  const { maxEventAgeMs, fourEyes, safeguard } = config.leavers;
  const policy = { maxEventAgeMs, fourEyes, graceMs: safeguard?.graceMs ?? 0 };
  const door = createReceiver({
    store,
    sources,
    backlogLimit: config.limits.backlog,
    policy,
    now,
    log,
    onReceipt(sourceId, kind) {
      metrics.countDelivery(sourceId ?? 'unknown', kind);
      if (sourceId !== null) activity.note(sourceId, kind);
    },
    onDeadLetter: rooms.confirmations.begin,
  });
  const receiver = rooms.tracer ? traceReceiver(door, rooms.tracer) : door;
  const streams = createStreams({ receiver, sources, log, random: rooms.random });
  const { askAgainAfterMs } = config.leavers;
  const checks = { sources, policy, askAgainAfterMs, now };
  const decisions = createDecisions({ ...checks, store, receiver });
  const heldSets = createHeldSets({ ...checks, store });
  const slack = openSlack(rooms, { receiver, decisions, heldSets, streams });
  const operator = apiRoutes({
    store,
    receiver,
    decisions,
    heldSets,
    sources,
    tokens,
    maxBodyBytes,
    stream: rooms.stream,
    closing: rooms.closing,
    activity: activity.report,
    backlogLimit: config.limits.backlog,
    degradations: () => degradations(rooms, { slack, streams }),
    isConnected: streams.isConnected,
    now,
    log,
  });
  operator.use(consoleRoutes({ tokens }));
  operator.use(metricsRoutes({ metrics, refresh: () => refresh(rooms, { slack, streams }), log }));
  return {
    receiver,
    hooks: hookRoutes({ receiver, sources, maxBodyBytes }),
    health: healthRoutes({ probe: () => store.probe(), log }),
    operator,
    slack,
    streams,
    heldSets,
  };
}

function openSlack(
  rooms: Rooms,
  doors: {
    receiver: Receiver;
    decisions: Decisions;
    heldSets: HeldSets;
    streams: Streams;
  },
): Slack | null {
  const { config, slackVoice: voice } = rooms;
  if (!config.slack || !voice) return null;
  return createSlack({
    ...rooms,
    ...doors,
    voice,
    settings: config.slack,
    isDryRun: config.leavers.dryRun,
    maxBodyBytes: config.server.maxBodyBytes,
    onUnverified: () => rooms.metrics.countDelivery(slackSource.id, 'unverified'),
    troubles: () => [
      ...degradations(rooms, { slack: null, streams: doors.streams }),
      ...silences(rooms.activity.report()),
    ],
  });
}

function transportOf(source: Config['sources'][string], topical: ReadonlySet<string>): Source['transport'] {
  if (topical.has(source.id)) return 'kafka';
  return source.handler.stream?.(source.settings) ? 'stream' : 'http';
}

function sourcesOf(config: Config): Sources {
  const topical = new Set(config.kafka?.consume.map(({ source }) => source));
  const configured = Object.values(config.sources).map((source): [string, Source] => [
    source.id,
    { ...source, transport: transportOf(source, topical) },
  ]);
  const ways = config.slack ? [apiSource, slackSource] : [apiSource];
  return new Map([...configured, ...ways.map((way): [string, Source] => [way.id, way])]);
}

/** What does not work as it should. It never shows in readiness: deliveries must still be kept. */
function degradations(
  { throttle, lookups, protection, headcount, relays, kafka, now }: Rooms,
  { slack, streams }: Pick<Routes, 'slack' | 'streams'>,
): Degradation[] {
  const found: Degradation[] = throttle
    .troubles(now())
    .map(({ endpoint, reason }) => ({ code: 'calls_paused', message: `${endpoint}: ${reason}` }));
  for (const { source, reason } of lookups.troubles(now())) {
    found.push({ code: 'lookups_paused', message: `${source}: ${reason}` });
  }
  if (!protection.isReady) {
    found.push({
      code: 'protection_unknown',
      message: 'protected people could not be looked up; nothing is done',
    });
  }
  if (headcount.isMissing()) {
    found.push({
      code: 'active_users_unknown',
      message: 'GenAuth did not say how many users are active; the safeguard goes by its counts alone',
    });
  }
  if (slack?.isConnected() === false)
    found.push({ code: 'slack_disconnected', message: 'Slack cannot be reached; commands do not come in' });
  for (const id of streams.disconnected()) {
    found.push({ code: 'stream_disconnected', message: `${id}: nothing comes in; it is tried again` });
  }
  for (const { name, relay } of relays) {
    if (relay.failures() > 0) found.push({ code: 'publisher_failing', message: `${name}: outcomes wait` });
  }
  return [...found, ...(kafka?.troubles() ?? [])];
}

async function refresh(rooms: Rooms, listeners: Pick<Routes, 'slack' | 'streams'>): Promise<void> {
  const { metrics, store, activity, throttle, kafka, now } = rooms;
  const at = now();
  const sources = activity.report();
  metrics.showCondition(
    {
      sources,
      degradations: [...degradations(rooms, listeners), ...silences(sources)],
      paused: throttle.troubles(at),
      kafka: kafka?.consumer() ?? null,
    },
    at,
  );
  try {
    const [figures, pauses] = await Promise.all([store.figures(at), store.pauses()]);
    metrics.showStore({ figures, pauses }, at);
  } catch (error) {
    // What it said earlier would say that nothing has changed.
    metrics.showStore(null, at);
    throw error;
  }
}
