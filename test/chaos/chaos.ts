/** Plays the scenarios that are named, or all, and prints what they came to; ends with 1 when something was lost. */
import { startPostgres } from '../support/postgres/server.ts';
import type { Counts } from './counts.ts';
import { play, scenarios, whyNot } from './scenarios.ts';

const named = process.argv.slice(2);
const unknown = named.filter((name) => !Object.hasOwn(scenarios, name));
if (unknown.length > 0) {
  process.stderr.write(`unknown: ${unknown.join(' ')} (known: ${Object.keys(scenarios).join(' ')})\n`);
  process.exit(2);
}

const columns = ['acknowledged', 'refused', 'lost', 'doubled', 'blind', 'reordered', 'broken'] as const;
const mustBeNone = columns.slice(2);
const row = (...cells: readonly unknown[]): void => {
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
};

const server = await startPostgres();
process.env.TEST_DATABASE_URL = server.url;
let failed = false;
row('Scenario', ...columns, 'seconds');
row('---', ...columns.map(() => '---:'), '---:');
for (const [name, scenario] of Object.entries(scenarios)) {
  if (named.length > 0 && !named.includes(name)) continue;
  const hindrance = whyNot(scenario);
  if (hindrance !== null) {
    row(`${scenario.says} (left out: ${hindrance})`);
    continue;
  }
  const begun = performance.now();
  const counts: Counts = await play(scenario, 1, server);
  row(scenario.says, ...columns.map((one) => counts[one]), Math.round((performance.now() - begun) / 1_000));
  failed ||= mustBeNone.some((one) => counts[one] > 0);
}
await server.stop();
process.exitCode = failed ? 1 : 0;
