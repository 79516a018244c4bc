/** Measures the figures that are named, or all; a line for each, and the details in `bench.json`. */
import { writeFileSync } from 'node:fs';
import type { Figure } from './figure.ts';
import { measureKafka } from './kafka.ts';

const figures: Readonly<Record<string, () => Promise<Figure>>> = { kafka: measureKafka };

const named = process.argv.slice(2);
const unknown = named.filter((name) => !Object.hasOwn(figures, name));
if (unknown.length > 0) {
  process.stderr.write(`unknown: ${unknown.join(' ')} (known: ${Object.keys(figures).join(' ')})\n`);
  process.exit(2);
}

const measured: Figure[] = [];
for (const [name, measure] of Object.entries(figures)) {
  if (named.length > 0 && !named.includes(name)) continue;
  const figure = await measure();
  measured.push(figure);
  const verdict = figure.value >= figure.target ? 'ok' : 'short';
  process.stdout.write(`${name}  ${figure.value.toFixed(2)}  ${figure.target.toFixed(2)}  ${verdict}\n`);
}
writeFileSync('bench.json', `${JSON.stringify(measured, null, 2)}\n`);
