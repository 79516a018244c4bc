import { existsSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { handlers } from '../../handlers/index.ts';

describe('the list of handlers', () => {
  it.each(Object.keys(handlers))('keeps %s in a file of that name, with a test of that name', (name) => {
    for (const path of [`../../handlers/${name}.ts`, `./${name}.test.ts`]) {
      expect(existsSync(new URL(path, import.meta.url))).toBe(true);
    }
  });
});
