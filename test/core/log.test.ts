import { describe, expect, it } from '@jest/globals';
import { traceOf } from '../../src/core/log.ts';

describe('the trace of an error', () => {
  it('has its name and where it was thrown, and never its message', () => {
    const trace = traceOf(new TypeError('cannot read'));
    expect(trace.error).toBe('TypeError');
    expect(trace.at[0]).toMatch(/^at .*log\.test\.ts/);
    expect(JSON.stringify(trace)).not.toContain('cannot read');
  });

  it('has nothing of a message that looks like a trace itself', () => {
    const trace = traceOf(new Error('cannot read\n    at ada@example.com'));
    expect(trace.at[0]).toMatch(/log\.test\.ts/);
    expect(JSON.stringify(trace)).not.toContain('ada@example.com');
  });

  it('has no frames when the message is no longer the one that the stack begins with', () => {
    const changed = new Error('first\n    at ada@example.com');
    expect(changed.stack).toContain('first');
    changed.message = 'another';
    expect(traceOf(changed)).toEqual({ error: 'Error', at: [] });
  });

  it('is short', () => {
    const deep = (depth: number): Error => (depth === 0 ? new Error('deep') : deep(depth - 1));
    expect(traceOf(deep(20)).at).toHaveLength(5);
  });

  it('has the kind of what was thrown when that is no error, or has no stack', () => {
    expect(traceOf('ada@example.com')).toEqual({ error: 'string', at: [] });
    const bare = new Error('bare');
    delete bare.stack;
    expect(traceOf(bare)).toEqual({ error: 'Error', at: [] });
  });
});
