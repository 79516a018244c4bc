import { createConfirmations } from './bridge/confirmations.ts';
import { createDispatchRooms } from './bridge/dispatch.ts';
import { createKafkaRooms } from './bridge/kafka.ts';
import { createLegs } from './bridge/legs.ts';
import { type Listeners, openListeners } from './bridge/listeners.ts';
import { createBridgeMetrics, followBatches, followCalls, withCounts } from './bridge/measures.ts';
import { type Reconciling, startReconciling } from './bridge/reconcile.ts';
import { createUserPool } from './bridge/slack.ts';
import { openTracer, tracePublisher, traceStore } from './bridge/tracing.ts';
import type { Config } from './config.ts';
import type { Log } from './core/log.ts';
import { createActivity } from './ingress/activity.ts';
import { createActivityNotes } from './ingress/activity-notes.ts';
import type { Metrics } from './ingress/metrics.ts';
import { withRequestIds } from './ingress/request-id.ts';
import { createSlackVoice, type SlackVoice, type SlackVoiceOptions } from './ingress/slack.ts';
import { createManagementApi } from './management-api/client.ts';
import { createCheckpoint } from './publishers/checkpoint.ts';
import { createLogPublisher } from './publishers/log.ts';
import { createRelay, type Publisher, type RelayOptions } from './publishers/relay.ts';
import { createSequencer } from './publishers/sequencer.ts';
import { createSlackReply } from './publishers/slack-reply.ts';
import { createStream } from './publishers/stream.ts';
import { bringsOutcomes, isDueAtOnce } from './store/acceptance.ts';
import type { Store } from './store/contract.ts';
import { type Nudge, openStore } from './store/open.ts';

export { StoreUnavailable } from './store/contract.ts';

/** A running bridge. */
export interface Bridge {
  /** Where deliveries are taken in. */
  readonly url: string;
  /** Where the operator API and the metrics are; the same, unless `server.admin` is set. */
  readonly adminUrl: string;
  /**
   * Stops taking in, finishes what is in flight, publishes what is settled, and closes. When the process ends before
   * that is done, the next start takes it up: nothing is lost either way.
   */
  close(): Promise<void>;
}

/** What a caller may put in the place of what the bridge would take itself. */
export interface BridgeOptions {
  readonly log: Log;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  /** A number in [0, 1). */
  readonly random?: () => number;
  /** Told of outcomes beside the log. */
  readonly publishers?: readonly Publisher[];
}

const pruneLimit = 1_000;

/** Builds every room, wires the nudges between them, and starts them in order. */
export async function startBridge(config: Config, options: BridgeOptions): Promise<Bridge> {
  const { now = Date.now, random = Math.random } = options;
  const log = withRequestIds(options.log);
  const tracer = await openTracer(config);
  let hear = (_nudge: Nudge): void => undefined;
  const opened = await openStore({ url: config.store.url, now, onNudge: (nudge) => hear(nudge) });
  const store = withNudges(tracer ? traceStore(opened, tracer) : opened, {
    dispatch: () => legs.wakeDispatch(),
    publish: () => legs.wakePublish(),
  });
  const metrics = createBridgeMetrics(config);
  const following = { metrics, tracer, now };
  const api = createManagementApi({ ...config.genauth, onCall: followCalls(following) });
  const activity = createActivity({ sources: Object.values(config.sources), now });
  const dispatch = createDispatchRooms(config, { store, api, now, random, ...followBatches(following) });
  const { tendHeld } = dispatch;
  const stream = createStream({ store });
  const confirmations = createConfirmations({ sources: config.sources, log, random });
  const slackVoice = createVoice(config, { tendHeld, store, now, log });
  const kafka = config.kafka && createKafkaRooms(config.kafka, { log, random });
  const publishers = [
    withCounts(createLogPublisher(log), metrics),
    ...(slackVoice ? [createSlackReply({ ...slackVoice, now })] : []),
    ...(kafka?.publishers ?? []),
    ...(options.publishers ?? []),
  ];
  const toTell = tracer ? publishers.map((one) => tracePublisher(one, tracer)) : publishers;
  const relays = createRelays(toTell, { store, backoff: config.retry, now, log, random });
  const legs = createLegs({
    ...dispatch,
    ...{ relays, stream, log },
    concurrency: config.genauth.concurrency,
    sequencer: createSequencer({ store }),
    prune: () => prune(config, { store, publishers, metrics, log, now: now() }),
    noteActivity: createActivityNotes({ activity, store, now }).tick,
    checkpoint: createCheckpoint({ store, now }).tick,
  });
  hear = (nudge) => {
    if (nudge === 'outcomes') legs.wakeReaders();
    else for (const wake of [legs.wakeDispatch, legs.wakePublish]) wake();
  };

  const closing = new AbortController();
  let reconciling: Reconciling | null = null;
  async function close(listeners: Listeners | null): Promise<void> {
    closing.abort();
    await Promise.all([reconciling?.stop(), kafka?.stopConsuming(), listeners?.close()]);
    await confirmations.stop();
    await legs.stop();
    await kafka?.close();
    api.close();
    await opened.close();
    await tracer?.close();
  }

  try {
    const { signal } = closing;
    const rooms = { ...dispatch, config, store, metrics, tracer, activity, stream, relays };
    const doors = { slackVoice, userPool: createUserPool(api), confirmations, kafka, closing: signal };
    const listeners = await openListeners({ ...rooms, ...doors, log, now, random });
    const { url, adminUrl, receiver } = listeners;
    legs.start(listeners.upkeep);
    listeners.start();
    confirmations.resume(store);
    kafka?.startConsuming(receiver);
    reconciling = startReconciling({ config, api, receiver, log, signal });
    return { url, adminUrl, close: () => close(listeners) };
  } catch (error) {
    await close(null);
    throw error;
  }
}

function createRelays(publishers: readonly Publisher[], options: Omit<RelayOptions, 'publisher'>) {
  return publishers.map((publisher) => ({
    name: publisher.name,
    relay: createRelay({ ...options, publisher }),
  }));
}

function createVoice(
  { slack, leavers }: Config,
  around: Omit<SlackVoiceOptions, 'settings' | 'isDryRun'>,
): SlackVoice | null {
  return slack && createSlackVoice({ ...around, settings: slack, isDryRun: leavers.dryRun });
}

/** Wakes a leg as soon as the store has something for it. Correctness never depends on it. */
function withNudges(store: Store, wake: { dispatch: () => void; publish: () => void }): Store {
  const then = async <T>(work: Promise<T>, ...wakes: (() => void)[]): Promise<T> => {
    const done = await work;
    for (const one of wakes) one();
    return done;
  };
  return {
    ...store,
    accept(acceptance) {
      const accepted = store.accept(acceptance);
      const wakes = [
        ...(isDueAtOnce(acceptance) ? [wake.dispatch] : []),
        ...(bringsOutcomes(acceptance) ? [wake.publish] : []),
      ];
      return wakes.length === 0 ? accepted : then(accepted, ...wakes);
    },
    settle: (token, settlements, now) =>
      then(store.settle(token, settlements, now), wake.dispatch, wake.publish),
    decide: (request) => then(store.decide(request), wake.dispatch, wake.publish),
    decideAll: (requests) => then(store.decideAll(requests), wake.dispatch, wake.publish),
    tendHeld: (request) => then(store.tendHeld(request), wake.publish),
    decideHeldSet: (id, decision, waiting) => then(store.decideHeldSet(id, decision, waiting), wake.publish),
    setPause: (decision) => then(store.setPause(decision), wake.dispatch, wake.publish),
    record: (outcome) => then(store.record(outcome), wake.publish),
    erase: (erasure) => then(store.erase(erasure), wake.publish),
    prune: (before, limit, at) => then(store.prune(before, limit, at), wake.publish),
  };
}

interface Pruning {
  readonly store: Store;
  readonly publishers: readonly Publisher[];
  readonly metrics: Metrics;
  readonly log: Log;
  readonly now: number;
}

async function prune({ retention }: Config, pruning: Pruning): Promise<number> {
  const { store, publishers, metrics, log, now } = pruning;
  const before = {
    settled: now - retention.settledMs,
    outcomes: now - retention.outcomesMs,
    deadLetters: now - retention.deadLettersMs,
  };
  const names = publishers.map(({ name }) => name);
  for (const publisher of await store.keepPublishers(names, before.outcomes, now))
    log.warn({ publisher }, 'a publisher that is not configured any more is forgotten');
  const rows = await store.prune(before, pruneLimit, now);
  metrics.countPruned(rows);
  return rows;
}
