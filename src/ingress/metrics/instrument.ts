import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export const prefix = 'offboard_bridge_';

/** Makes what is counted and measured, under names of our own. */
export interface Instruments {
  counter(name: string, help: string, labels?: readonly string[]): Counter;
  gauge(name: string, help: string, labels?: readonly string[]): Gauge;
  histogram(name: string, help: string, options: HistogramOptions): Histogram;
}

interface HistogramOptions {
  readonly labels: readonly string[];
  readonly buckets: readonly number[];
}

export function createInstruments(registry: Registry): Instruments {
  const common = (name: string, help: string, labelNames: readonly string[]) => ({
    name: `${prefix}${name}`,
    help,
    labelNames,
    registers: [registry],
  });
  return {
    counter: (name, help, labels = []) => new Counter(common(name, help, labels)),
    gauge: (name, help, labels = []) => new Gauge(common(name, help, labels)),
    histogram: (name, help, { labels, buckets }) =>
      new Histogram({ ...common(name, help, labels), buckets: [...buckets] }),
  };
}
