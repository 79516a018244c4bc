import type { Config } from '../config.ts';
import { compareActors, createWrongTokenNote } from '../ingress/api/access.ts';
import { apiSource } from '../ingress/api/source.ts';
import { apiRoutes } from '../ingress/api.ts';
import { createBodyReader, type ReadBody } from '../ingress/body.ts';
import { consoleRoutes } from '../ingress/console.ts';
import { createDecisions, type Decisions } from '../ingress/decisions.ts';
import { healthRoutes, metricsRoutes } from '../ingress/health.ts';
import { createHeldSets, type HeldSets } from '../ingress/held-sets.ts';
import { hookListener } from '../ingress/hooks.ts';
import { createReceiver, type Receiver } from '../ingress/receive.ts';
import { createSlack, type Slack, slackSource } from '../ingress/slack.ts';
import type { Source, Sources } from '../ingress/source.ts';
import { createStreams, type Streams } from '../ingress/streams.ts';
import { listTroubles, showCondition, troublesOf } from './condition.ts';
import type { ListenersUpkeep } from './legs.ts';
import type { Rooms } from './rooms.ts';
import { openServers, type ServerRoutes } from './servers.ts';
import { traceReceiver } from './tracing.ts';
import { createTroubleLog } from './trouble-log.ts';

/** What is heard by HTTP from the beginning, and by Slack and streams once they are started. */
export interface Listeners {
  /** The door that they lead to. */
  readonly receiver: Receiver;
  readonly upkeep: ListenersUpkeep;
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
  const troubleLog = createTroubleLog({ troubles: () => listTroubles(rooms, routes), log: rooms.log });
  return {
    receiver,
    upkeep: { finishHeld: heldSets.finish, noteTroubles: troubleLog.tick },
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
  const { maxBodyBytes, tokens, trustProxy } = config.server;
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
  const readBody = createBodyReader({ maxBodyBytes });
  const receiver = rooms.tracer ? traceReceiver(door, rooms.tracer) : door;
  const streams = createStreams({ receiver, sources, log, random: rooms.random });
  const { askAgainAfterMs } = config.leavers;
  const checks = { sources, policy, askAgainAfterMs, isSamePerson: compareActors(tokens), now };
  const decisions = createDecisions({ ...checks, store, receiver });
  const heldSets = createHeldSets({ ...checks, store });
  const slack = openSlack(rooms, { receiver, decisions, heldSets, streams, readBody });
  const onWrongToken = createWrongTokenNote({ count: metrics.countWrongToken, now, log });
  const operator = apiRoutes({
    store,
    receiver,
    decisions,
    heldSets,
    sources,
    tokens,
    onWrongToken,
    readBody,
    stream: rooms.stream,
    closing: rooms.closing,
    activity: activity.report,
    troubles: (figures) => troublesOf(rooms, { slack, streams }, figures),
    isConnected: streams.isConnected,
    now,
    log,
  });
  operator.use(consoleRoutes({ tokens, onWrongToken, readBody }));
  operator.use(metricsRoutes({ metrics, refresh: () => showCondition(rooms, { slack, streams }), log }));
  return {
    receiver,
    hooks: hookListener({ receiver, sources, readBody, trustProxy, log }),
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
    readBody: ReadBody;
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
    onUnverified: () => rooms.metrics.countDelivery(slackSource.id, 'unverified'),
    // Slack is not told, in Slack, that Slack cannot be reached.
    troubles: () => listTroubles(rooms, { slack: null, streams: doors.streams }),
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
