/** One measured figure; `npm run bench` prints it as a line. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** `null` = it is measured for its own sake. */
  readonly target: Target | null;
  /** For `bench.json`: what it was measured from. */
  readonly details: object;
}

export interface Target {
  readonly bound: 'at least' | 'at most';
  readonly value: number;
}

export const atLeast = (value: number): Target => ({ bound: 'at least', value });
export const atMost = (value: number): Target => ({ bound: 'at most', value });

/** `null` where nothing is to be reached. */
export function isReached({ value, target }: Figure): boolean | null {
  if (!target) return null;
  return target.bound === 'at least' ? value >= target.value : value <= target.value;
}

/** `name  value  target  ok`, or `short`; `name  value` without a target. */
export function lineOf(figure: Figure): string {
  const { name, value, target } = figure;
  if (!target) return `${name}  ${show(value)}`;
  const sign = target.bound === 'at least' ? '>=' : '<=';
  return `${name}  ${show(value)}  ${sign}${show(target.value)}  ${isReached(figure) ? 'ok' : 'short'}`;
}

function show(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The smallest value that at least that share of them does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
