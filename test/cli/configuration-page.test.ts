import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { handlers } from '../../handlers/index.ts';
import { configurationPage } from '../../src/cli/configuration-page.ts';
import { configJsonSchema } from '../../src/config.ts';

const generated = configurationPage(configJsonSchema(handlers));

describe('the reference of the configuration', () => {
  it('is what `npm run schema` wrote', () => {
    const written = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
    expect(written).toBe(generated);
  });

  it('has a row for a key of each kind', () => {
    for (const row of [
      '| `server.port` | 0 to 65535 | `8080` | the port to listen on; 0 = any free one |',
      '| `leavers.maxEventAge` | duration | `7d` | events from longer ago wait for a person to release them |',
      '| `server.tokens[].role` | `viewer`, `operator`, `approver` | required |',
      '| `sources.<id>.dryRun` | `true` or `false` or `null` | `null` |',
    ])
      expect(generated).toContain(row);
  });

  it('says of every key what it means', () => {
    const rows = generated.split('\n').filter((line) => line.startsWith('| `'));
    expect(rows.length).toBeGreaterThan(100);
    expect(rows.filter((row) => /\|\s*\|$/.test(row))).toEqual([]);
  });

  it('tells of every handler', () => {
    for (const kind of Object.keys(handlers)) expect(generated).toContain(`### handler: ${kind}\n`);
  });
});
