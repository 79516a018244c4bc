/** Measures the figures that are named, or all; a line for each, and the details in `bench.json`. */
import { closeSync, fdatasyncSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { endProcesses } from '../e2e/process.ts';
import { measureBacklog } from './backlog.ts';
import { measureCrash } from './crash.ts';
import { measureDrain } from './drain.ts';
import { type Figure, isReached, lineOf, median } from './figure.ts';
import { measureIngest } from './ingest.ts';
import { measureKafka } from './kafka.ts';
import { measureLatency } from './latency.ts';
import { inFolder, preparePostgres, type StoreKind, storeKinds } from './store.ts';

interface Measurement {
  readonly stores: readonly StoreKind[];
  readonly measure: (store: StoreKind) => Promise<Figure[]>;
}

const measurements: Readonly<Record<string, Measurement>> = {
  ingest: { stores: storeKinds, measure: measureIngest },
  latency: { stores: storeKinds, measure: measureLatency },
  drain: { stores: ['sqlite'], measure: measureDrain },
  backlog: { stores: ['sqlite'], measure: measureBacklog },
  kafka: { stores: ['sqlite'], measure: measureKafka },
  crash: { stores: ['sqlite'], measure: measureCrash },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { store: { type: 'string', default: 'both' } },
});
const unknown = positionals.filter((name) => !Object.hasOwn(measurements, name));
const stores = storeKinds.filter((kind) => values.store === 'both' || values.store === kind);
if (unknown.length > 0 || stores.length === 0) {
  const known = Object.keys(measurements).join(' ');
  process.stderr.write(`known are: ${known}; and --store sqlite, postgres or both\n`);
  process.exit(2);
}

const stopPostgres = stores.includes('postgres') ? await preparePostgres() : null;
const figures: Figure[] = [];
try {
  for (const [name, { measure, ...able }] of Object.entries(measurements)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    for (const store of stores.filter((one) => able.stores.includes(one))) {
      for (const figure of await measure(store)) {
        figures.push(figure);
        process.stdout.write(`${lineOf(figure)}\n`);
      }
    }
  }
} finally {
  await endProcesses();
  await stopPostgres?.();
}
const machine = {
  cores: availableParallelism(),
  cpu: cpus()[0]?.model ?? null,
  node: process.version,
  load: loadavg(),
  flushMs: await inFolder(measureFlush),
};
const report = figures.map((figure) => ({ ...figure, reached: isReached(figure) }));
writeFileSync(
  'bench.json',
  `${JSON.stringify({ measuredAt: new Date().toISOString(), machine, figures: report }, null, 2)}\n`,
);

/** What the disk takes to keep 4 KB: every commit waits for that, and the bare counterparts never do. */
async function measureFlush(folder: string): Promise<number> {
  const file = openSync(join(folder, 'flush'), 'w');
  const times = Array.from({ length: 100 }, () => {
    const start = performance.now();
    writeSync(file, Buffer.alloc(4_096));
    fdatasyncSync(file);
    return performance.now() - start;
  });
  closeSync(file);
  return median(times);
}
