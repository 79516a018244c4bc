import { describe, expect, it } from '@jest/globals';
import { start } from '../fixtures.ts';
import type { Subject } from '../subject.ts';

const hour = 3_600_000;

/** What keeps the store, and what is kept beside intents. */
export function testUpkeep(subject: Subject): void {
  const { accept } = subject;

  it('is closed once, however often it is asked to', async () => {
    await Promise.all([subject.store.close(), subject.store.close()]);
    await subject.store.close();
    await subject.reopen();
    expect((await accept({})).kind).toBe('accepted');
  });

  describe('notes', () => {
    const note = (text: string, expiresAt = start + hour) => ({ key: 'slack:a', text, expiresAt });

    it('are kept under their key, in the place of the one before, until they expire', async () => {
      await subject.store.keepNote(note('one'), start);
      await subject.store.keepNote(note('two'), start);
      expect(await subject.store.findNote('slack:a', start)).toBe('two');
      expect(await subject.store.findNote('slack:b', start)).toBeNull();
      expect(await subject.store.findNote('slack:a', start + hour)).toBeNull();
    });

    it('outlive a restart', async () => {
      await subject.store.keepNote(note('one'), start);
      await subject.reopen();
      expect(await subject.store.findNote('slack:a', start)).toBe('one');
    });

    it('are cleared away once they have expired, by the next one', async () => {
      await subject.store.keepNote(note('one'), start);
      await subject.store.keepNote({ ...note('two'), key: 'slack:b' }, start + hour);
      expect(await subject.store.findNote('slack:a', start)).toBeNull();
    });
  });
}
