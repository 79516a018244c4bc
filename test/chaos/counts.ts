import type { Outcome } from '../../src/core/outcome.ts';
import { blindResigns } from '../dispatcher/blind-resigns.ts';
import { auditTrail } from '../e2e/house.ts';
import type { LogLine } from '../e2e/process.ts';
import type { TestRecord } from '../support/kafka/topics.ts';
import { until } from '../support/until.ts';
import type { Load } from './load.ts';
import type { Stage } from './stage.ts';

/** What became of what was acknowledged. All but the first two must be 0. */
export interface Counts {
  /** Intents. */
  readonly acknowledged: number;
  /** Answers to deliveries that acknowledged nothing, and calls to deliver that had no answer. */
  readonly refused: number;
  /** Acknowledged, and without an end in the trail, or whose person is not resigned. */
  readonly lost: number;
  /** Taken in again under another id, or with more than one end. */
  readonly doubled: number;
  /** Resigns that were sent after a look had shown `Resigned`, or without a look since the resign before. */
  readonly blind: number;
  /** Outcomes of one person of which the later was told first. */
  readonly reordered: number;
  /** Faults of the hash chain. */
  readonly broken: number;
}

const patience = { patienceMs: 60_000, intervalMs: 200 };

/** Waits until nothing is left to do, and counts. */
export async function count(stage: Stage, load: Load): Promise<Counts> {
  const { fleet, emulator, refusals } = stage;
  const acknowledged = [...load.acknowledged.values()].flat();
  // What does not come to an end in time is counted as lost.
  await until(() => isQuiet(stage, load), 'nothing is left to do', patience).catch(() => undefined);
  const outcomes = await fleet.outcomes();
  const ends = endsOf(outcomes);
  const resigned = new Set(
    emulator.users().flatMap(({ userId, status }) => (status === 'Resigned' ? [userId] : [])),
  );
  const trail = await auditTrail(async (path) => (await fleet.ask(path)).body);
  const untold = await findUntold(stage, outcomes);
  const withoutEnd = acknowledged.filter((id) => !ends.has(id));
  const notResigned = [...load.acknowledged.keys()].filter((userId) => !resigned.has(userId));
  return {
    acknowledged: acknowledged.length,
    refused: [...refusals.values()].reduce((sum, times) => sum + times, 0),
    lost: withoutEnd.length + notResigned.length + untold.missing,
    doubled: load.forked.length + [...ends.values()].filter((times) => times > 1).length,
    blind: blindResigns(emulator).length,
    reordered:
      untold.reordered +
      countReordered(
        outcomes,
        fleet.replicas.map(({ process }) => process.log()),
        stage.clocksAgree,
      ),
    broken: trail.fault === null ? 0 : 1,
  };
}

async function isQuiet({ fleet, emulator }: Stage, { acknowledged }: Load): Promise<boolean> {
  const isLeft = (userId: string): boolean => emulator.user(userId)?.status !== 'Resigned';
  if ([...acknowledged.keys()].some(isLeft)) return false;
  const { body } = await fleet.ask('/status');
  const { figures } = body as { figures: { due: number; unsequenced: number } };
  return figures.due === 0 && figures.unsequenced === 0;
}

/** Waits until Kafka was told of every outcome, and says what it has not, and what in another order. */
async function findUntold({ kafka }: Stage, outcomes: readonly Outcome[]) {
  if (!kafka) return { missing: 0, reordered: 0 };
  const isMissing = (ids: ReadonlySet<unknown>) => outcomes.filter(({ id }) => !ids.has(id)).length;
  const idsOf = (records: readonly TestRecord[]) => new Set(records.map(({ headers }) => headers.ce_id));
  const isTold = async (): Promise<boolean> => isMissing(idsOf(await kafka.outcomes.read())) === 0;
  await until(isTold, 'Kafka knows everything', patience).catch(() => undefined);
  const records = await kafka.outcomes.read();
  // A person's outcomes are in one partition, so that what is read is in the order of the topic for each.
  const tellings = records.map(({ value }, at) => ({
    at,
    position: Number(JSON.parse(value ?? '').position),
  }));
  return { missing: isMissing(idsOf(records)), reordered: countWithin(outcomes, tellings) };
}

/** How often each intent came to an end. */
function endsOf(outcomes: readonly Outcome[]): Map<string, number> {
  const ends = new Map<string, number>();
  for (const { data } of outcomes) {
    if (!('intentId' in data) || ['scheduled', 'held', 'released'].includes(data.status)) continue;
    ends.set(data.intentId, (ends.get(data.intentId) ?? 0) + 1);
  }
  return ends;
}

/**
 * The outcomes of one person of which the later was told before the earlier, each by when it was told first: by the
 * clocks of the processes, to the millisecond, or where those are wrong, by the lines of each process alone.
 */
export function countReordered(
  outcomes: readonly Outcome[],
  logs: readonly (readonly LogLine[])[],
  clocksAgree = true,
): number {
  const told = (lines: readonly LogLine[]): readonly Telling[] =>
    lines.flatMap(({ msg, position, time }, line) =>
      msg === 'outcome'
        ? [{ position: Number(position), at: clocksAgree ? Date.parse(String(time)) : line }]
        : [],
    );
  const groups = clocksAgree ? [logs.flatMap(told)] : logs.map(told);
  return groups.reduce((sum, tellings) => sum + countWithin(outcomes, tellings), 0);
}

interface Telling {
  readonly position: number;
  readonly at: number;
}

function countWithin(outcomes: readonly Outcome[], tellings: readonly Telling[]): number {
  const first = new Map<number, number>();
  for (const { position, at } of tellings) first.set(position, Math.min(at, first.get(position) ?? at));
  const newest = new Map<string, number>();
  let reordered = 0;
  for (const { data } of outcomes) {
    const at = first.get(data.position);
    if (!('person' in data) || at === undefined) continue;
    if (at < (newest.get(data.person) ?? at)) reordered += 1;
    else newest.set(data.person, at);
  }
  return reordered;
}
