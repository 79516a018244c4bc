import { createAudit } from '../../src/core/audit.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { blindResigns } from '../dispatcher/blind-resigns.ts';
import { until } from '../e2e/house.ts';
import type { LogLine } from '../e2e/process.ts';
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
  await until(() => isQuiet(stage), 'nothing is left to do', patience).catch(() => undefined);
  const outcomes = await fleet.outcomes();
  const ends = endsOf(outcomes);
  const resigned = new Set(
    emulator.users().flatMap(({ userId, status }) => (status === 'Resigned' ? [userId] : [])),
  );
  const withoutEnd = acknowledged.filter((id) => !ends.has(id));
  const notResigned = [...load.acknowledged.keys()].filter((userId) => !resigned.has(userId));
  return {
    acknowledged: acknowledged.length,
    refused: [...refusals.values()].reduce((sum, times) => sum + times, 0),
    lost: withoutEnd.length + notResigned.length,
    doubled: load.forked.length + [...ends.values()].filter((times) => times > 1).length,
    blind: blindResigns(emulator).length,
    reordered: countReordered(
      outcomes,
      fleet.replicas.map(({ process }) => process.log()),
      stage.clocksAgree,
    ),
    broken: isWhole(outcomes) ? 0 : 1,
  };
}

async function isQuiet({ fleet }: Stage): Promise<boolean> {
  const { body } = await fleet.ask('/status');
  const { figures } = body as { figures: { due: number; unsequenced: number } };
  return figures.due === 0 && figures.unsequenced === 0;
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

function isWhole(outcomes: readonly Outcome[]): boolean {
  const audit = createAudit();
  return outcomes.every(audit.add) && audit.end().fault === null;
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
