import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { handlers } from '../../handlers/index.ts';

describe('the list of handlers', () => {
  it.each(Object.keys(handlers))(
    'keeps %s in a file of that name, with a test that runs the suite',
    (name) => {
      expect(existsSync(new URL(`../../handlers/${name}.ts`, import.meta.url))).toBe(true);
      const test = readFileSync(new URL(`./${name}.test.ts`, import.meta.url), 'utf8');
      expect(test).toMatch(/^ *test(Handler|Reading)\(\{$/m);
    },
  );

  it.each(['adp', 'deel', 'factorial', 'merge', 'paylocity'])(
    'asks a source of %s, whose dates come without a zone, where they are meant',
    (name) => {
      const faults = handlers[name]?.settings.safeParse({}).error?.issues ?? [];
      expect(faults.map(({ path }) => path[0])).toContain('timezone');
    },
  );
});
