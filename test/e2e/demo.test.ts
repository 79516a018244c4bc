import { afterEach, describe, expect, it } from '@jest/globals';
import { endProcesses, startProcess } from './process.ts';

afterEach(endProcesses);

describe('the demo', () => {
  it('plays all its scenes, each as it must be, and ends with code 0', async () => {
    const demo = startProcess('src/main.ts', ['demo', '--once']);
    expect(await demo.ended).toEqual({ code: 0, signal: null });
    expect(demo.stderr()).toBe('');
    expect(demo.stdout()).toContain('outcome  user.resign.succeeded external_id:1001, confirmed');
    expect(demo.stdout()).toContain(
      'call     resign-user-batch {"userIds":["1001"],"userIdType":"external_id"}',
    );
    expect(demo.stdout()).not.toContain('NOT AS IT MUST BE');
  });
});
