import { beforeEach, describe, expect, it } from '@jest/globals';
import { createTroubleLog } from '../../src/bridge/trouble-log.ts';
import type { Trouble } from '../../src/core/trouble.ts';

let lines: { level: string; facts: object; message: string }[] = [];
let troubles: Trouble[] = [];
const note = (level: string) => (facts: object, message: string) => lines.push({ level, facts, message });
const log = { warn: note('warn'), info: note('info') };
const denied: Trouble = {
  code: 'calls_paused',
  about: 'kick-users',
  message: 'kick-users: denied, ada@example.com is not yours',
};

/** Ticks once for each, as it was at that time. */
async function follow(...course: (typeof troubles)[]): Promise<void> {
  const { tick } = createTroubleLog({ troubles: async () => troubles, log });
  for (const now of course) {
    troubles = now;
    await tick();
  }
}

beforeEach(() => {
  lines = [];
  troubles = [];
});

describe('the log of troubles', () => {
  it('says once that something does not work, without what was answered', async () => {
    await follow([denied], [denied], [denied]);
    expect(lines).toEqual([
      {
        level: 'warn',
        facts: { code: 'calls_paused', about: 'kick-users' },
        message: 'something does not work; /v1/status says why',
      },
    ]);
  });

  it('says when it works again, and when it does not once more', async () => {
    await follow([denied], [denied], [], [], [denied], [denied]);
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'info', 'warn']);
  });

  it('passes over what is gone by the next look', async () => {
    await follow([denied], [], [denied], []);
    expect(lines).toEqual([]);
  });

  it('goes by what it is about, however the reason changes', async () => {
    const other = { ...denied, about: 'resign-user-batch' };
    await follow([denied], [{ ...denied, message: 'another' }], [denied, other], [denied, other]);
    expect(lines.map(({ facts }) => Object(facts).about)).toEqual(['kick-users', 'resign-user-batch']);
  });
});
