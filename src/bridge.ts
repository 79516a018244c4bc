import { createKafkaRooms } from './bridge/kafka.ts';
import { createLegs } from './bridge/legs.ts';
import { type Listeners, openListeners } from './bridge/listeners.ts';
import { sourceLookups } from './bridge/lookups.ts';
import { type Reconciling, startReconciling } from './bridge/reconcile.ts';
import { createDirectory } from './bridge/slack.ts';
import type { Config } from './config.ts';
import type { Log } from './core/log.ts';
import { createDispatcher, type DispatchPolicy } from './dispatcher/dispatcher.ts';
import { createLookups } from './dispatcher/lookup.ts';
import { createProtection } from './dispatcher/protection.ts';
import { createThrottle } from './dispatcher/throttle.ts';
import { createMetrics, type Metrics } from './ingress/metrics.ts';
import { createSlackVoice } from './ingress/slack.ts';
import { createManagementApi, type ManagementApi } from './management-api/client.ts';
import { createCheckpoint } from './publishers/checkpoint.ts';
import { createLogPublisher } from './publishers/log.ts';
import { createRelay, type Publisher } from './publishers/relay.ts';
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
  const { log, now = Date.now, random = Math.random } = options;
  let hear = (_nudge: Nudge): void => undefined;
  const opened = await openStore({ url: config.store.url, now, onNudge: (nudge) => hear(nudge) });
  const store = withNudges(opened, {
    dispatch: () => legs.wakeDispatch(),
    publish: () => legs.wakePublish(),
  });
  const metrics = createMetrics();
  const api = createCountedApi(config, metrics);
  const throttle = createThrottle({ ...config.genauth, backoff: config.retry });
  const protection = createProtection(api, config.leavers.protected);
  const policy = dispatchPolicy(config);
  const lookups = createLookups({ ...sourceLookups(config), ...policy, now, random });
  const dispatcher = createDispatcher({ store, api, throttle, protection, lookups, policy, now, random });
  const stream = createStream({ store });
  const directory = createDirectory(api);
  const slackVoice = config.slack
    ? createSlackVoice({ settings: config.slack, store, isDryRun: config.leavers.dryRun, now, log })
    : null;
  const kafka = config.kafka && createKafkaRooms(config.kafka, { log, random });
  const publishers = [
    withCounts(createLogPublisher(log), metrics),
    ...(slackVoice ? [createSlackReply({ ...slackVoice, now })] : []),
    ...(kafka?.publishers ?? []),
    ...(options.publishers ?? []),
  ];
  const relays = publishers.map((publisher) => ({
    name: publisher.name,
    relay: createRelay({ store, publisher, backoff: config.retry, now, log, random }),
  }));
  const legs = createLegs({
    dispatcher,
    concurrency: config.genauth.concurrency,
    protection,
    sequencer: createSequencer({ store }),
    relays,
    stream,
    prune: () => prune(config, { store, publishers, log, now: now() }),
    checkpoint: createCheckpoint({ store, now }).tick,
    log,
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
    await legs.stop();
    await kafka?.close();
    api.close();
    await opened.close();
  }

  try {
    const { signal } = closing;
    const rooms = { config, store, metrics, throttle, lookups, protection, stream, relays };
    const doors = { slackVoice, directory, kafka, closing: signal };
    const listeners = await openListeners({ ...rooms, ...doors, log, now, random });
    const { url, adminUrl, receiver } = listeners;
    legs.start();
    listeners.start();
    kafka?.startConsuming(receiver);
    reconciling = startReconciling({ config, api, receiver, log, signal });
    return { url, adminUrl, close: () => close(listeners) };
  } catch (error) {
    await close(null);
    throw error;
  }
}

function createCountedApi({ genauth }: Config, metrics: Metrics): ManagementApi {
  return createManagementApi({
    ...genauth,
    onCall: ({ endpoint, kind, durationMs }) =>
      metrics.observeCall({ endpoint, kind, seconds: durationMs / 1_000 }),
  });
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
    accept: (acceptance) =>
      then(
        store.accept(acceptance),
        ...(isDueAtOnce(acceptance) ? [wake.dispatch] : []),
        ...(bringsOutcomes(acceptance) ? [wake.publish] : []),
      ),
    settle: (token, settlements, now) =>
      then(store.settle(token, settlements, now), wake.dispatch, wake.publish),
    decide: (request) => then(store.decide(request), wake.dispatch, wake.publish),
    setPause: (scope, pause) => then(store.setPause(scope, pause), wake.dispatch),
    record: (outcome) => then(store.record(outcome), wake.publish),
    erase: (erasure) => then(store.erase(erasure), wake.publish),
    prune: (before, limit, at) => then(store.prune(before, limit, at), wake.publish),
  };
}

function withCounts(publisher: Publisher, metrics: Metrics): Publisher {
  return {
    name: publisher.name,
    async publish(outcomes) {
      await publisher.publish(outcomes);
      for (const { type } of outcomes) metrics.countOutcome(type);
    },
  };
}

function dispatchPolicy({ leavers, genauth, retry, sources }: Config): DispatchPolicy {
  return {
    confirm: leavers.confirm,
    endSessions: leavers.endSessions,
    safeguard: leavers.safeguard,
    kickAppIds: genauth.kickAppIds,
    backoff: retry,
    giveUpAfterMs: retry.giveUpAfterMs,
    isDryRun: (source) => leavers.dryRun || sources[source]?.dryRun === true,
  };
}

interface Pruning {
  readonly store: Store;
  readonly publishers: readonly Publisher[];
  readonly log: Log;
  readonly now: number;
}

async function prune({ retention }: Config, { store, publishers, log, now }: Pruning): Promise<number> {
  const before = {
    settled: now - retention.settledMs,
    outcomes: now - retention.outcomesMs,
    deadLetters: now - retention.deadLettersMs,
  };
  const names = publishers.map(({ name }) => name);
  for (const publisher of await store.keepPublishers(names, before.outcomes, now))
    log.warn({ publisher }, 'a publisher that is not configured any more is forgotten');
  return store.prune(before, pruneLimit, now);
}
