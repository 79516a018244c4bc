import type { Trouble } from '../core/trouble.ts';
import type { Slack } from '../ingress/slack.ts';
import type { Streams } from '../ingress/streams.ts';
import { silences, strains } from '../ingress/troubles.ts';
import type { StoreFigures } from '../store/contract.ts';
import type { Rooms } from './rooms.ts';

/** What listens beside HTTP, and may have lost whom it listens to. */
interface Ears {
  /** `null` when no workspace is configured. */
  readonly slack: Pick<Slack, 'isConnected'> | null;
  readonly streams: Pick<Streams, 'disconnected'>;
}

/**
 * What does not work as it should. It never shows in readiness: deliveries must still be kept.
 * @param figures what the store says of itself; `null` when it does not answer
 */
export function troublesOf(
  rooms: Rooms,
  ears: Ears,
  figures: Pick<StoreFigures, 'due' | 'oldestDueAt'> | null,
): Trouble[] {
  const { activity, config, now } = rooms;
  const limits = { backlogLimit: config.limits.backlog, now: now() };
  return [
    ...troublesHere(rooms, ears),
    ...silences(activity.report()),
    ...(figures ? strains(figures, limits) : []),
  ];
}

/** The same, with what the store says at the moment; cheap enough to be asked all the time. */
export async function listTroubles(rooms: Rooms, ears: Ears): Promise<Trouble[]> {
  const { store, config, now } = rooms;
  const { backlog } = config.limits;
  const at = now();
  try {
    const [isFull, oldestDueAt] = await Promise.all([store.isBacklogged(backlog, at), store.oldestDueAt(at)]);
    return troublesOf(rooms, ears, { due: isFull ? backlog : 0, oldestDueAt });
  } catch {
    return troublesOf(rooms, ears, null);
  }
}

function troublesHere(
  { throttle, lookups, protection, headcount, relays, kafka, now }: Rooms,
  { slack, streams }: Ears,
): Trouble[] {
  const found: Trouble[] = throttle.troubles(now()).map(({ endpoint, reason }) => ({
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

/** Brings the metrics up to date with how all rooms are. */
export async function showCondition(rooms: Rooms, ears: Ears): Promise<void> {
  const { metrics, store, activity, throttle, kafka, now } = rooms;
  const at = now();
  const show = (figures: StoreFigures | null): void => {
    const troubles = troublesOf(rooms, ears, figures);
    const paused = throttle.troubles(at);
    metrics.showCondition(
      { sources: activity.report(), troubles, paused, kafka: kafka?.consumer() ?? null },
      at,
    );
  };
  try {
    const [figures, pauses] = await Promise.all([store.figures(at), store.pauses()]);
    show(figures);
    metrics.showStore({ figures, pauses }, at);
  } catch (error) {
    show(null);
    // What it said earlier would say that nothing has changed.
    metrics.showStore(null, at);
    throw error;
  }
}
