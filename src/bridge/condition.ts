import { type Degradation, silences } from '../ingress/api/operation.ts';
import type { Slack } from '../ingress/slack.ts';
import type { Streams } from '../ingress/streams.ts';
import type { Rooms } from './rooms.ts';

/** What listens beside HTTP, and may have lost whom it listens to. */
interface Ears {
  /** `null` when no workspace is configured. */
  readonly slack: Pick<Slack, 'isConnected'> | null;
  readonly streams: Pick<Streams, 'disconnected'>;
}

/** What does not work as it should. It never shows in readiness: deliveries must still be kept. */
export function degradations(
  { throttle, lookups, protection, headcount, relays, kafka, now }: Rooms,
  { slack, streams }: Ears,
): Degradation[] {
  const found: Degradation[] = throttle.troubles(now()).map(({ endpoint, reason }) => ({
    code: 'calls_paused',
    about: endpoint,
    message: `${endpoint}: ${reason}`,
  }));
  for (const { source, reason } of lookups.troubles(now())) {
    found.push({ code: 'lookups_paused', about: source, message: `${source}: ${reason}` });
  }
  if (!protection.isReady) {
    found.push({
      code: 'protection_unknown',
      about: null,
      message: 'protected people could not be looked up; nothing is done',
    });
  }
  if (headcount.isMissing()) {
    found.push({
      code: 'active_users_unknown',
      about: null,
      message: 'GenAuth did not say how many users are active; the safeguard goes by its counts alone',
    });
  }
  if (slack?.isConnected() === false)
    found.push({
      code: 'slack_disconnected',
      about: null,
      message: 'Slack cannot be reached; commands do not come in',
    });
  for (const { source, reason } of streams.disconnected()) {
    const why = reason === null ? '' : `: ${reason}`;
    found.push({
      code: 'stream_disconnected',
      about: source,
      message: `${source}: nothing comes in; it is tried again${why}`,
    });
  }
  for (const { name, relay } of relays) {
    if (relay.failures() > 0)
      found.push({ code: 'publisher_failing', about: name, message: `${name}: outcomes wait` });
  }
  return [...found, ...(kafka?.troubles() ?? [])];
}

/** The same, and which sources are silent. */
export function troublesOf(rooms: Rooms, ears: Ears): Degradation[] {
  return [...degradations(rooms, ears), ...silences(rooms.activity.report())];
}

/** Brings the metrics up to date with how all rooms are. */
export async function showCondition(rooms: Rooms, ears: Ears): Promise<void> {
  const { metrics, store, activity, throttle, kafka, now } = rooms;
  const at = now();
  const sources = activity.report();
  metrics.showCondition(
    {
      sources,
      degradations: [...degradations(rooms, ears), ...silences(sources)],
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
