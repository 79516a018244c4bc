import { describe, expect, it } from '@jest/globals';
import { intentOutcome, placeOutcome, recordOutcome } from '../../src/core/outcome.ts';
import { createLogPublisher } from '../../src/publishers/log.ts';
import { anIntent as intent } from './intent.ts';

async function linesOf(...drafts: Parameters<typeof placeOutcome>[0][]): Promise<object[]> {
  const lines: object[] = [];
  const write = (facts: object, message: string) => {
    lines.push({ ...facts, message });
  };
  const publisher = createLogPublisher({ info: write, warn: write, error: write });
  await publisher.publish(
    drafts.map((draft, i) => placeOutcome(draft, { id: `o${i}`, position: i + 1, previousHash: '' })),
  );
  return lines;
}

describe('the log publisher', () => {
  it('writes a line for each outcome that says nothing of whom it is about', async () => {
    const failure = { code: 'user_not_found', message: 'there is no Ada' } as const;
    const lines = await linesOf(
      intentOutcome(intent, { status: 'failed', time: 0, failure }),
      intentOutcome(intent, { status: 'succeeded', time: 0 }),
      recordOutcome({ type: 'operator.decided', source: 'api', time: 0, actor: 'api:anna', reason: 'Ada' }),
    );
    expect(lines).toEqual([
      {
        message: 'outcome',
        type: 'user.resign.failed',
        intentId: 'i-1',
        source: 'hr',
        position: 1,
        failure: 'user_not_found',
      },
      {
        message: 'outcome',
        type: 'user.resign.succeeded',
        intentId: 'i-1',
        source: 'hr',
        position: 2,
        failure: null,
      },
      { message: 'outcome', type: 'operator.decided', source: 'api', position: 3 },
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/ada|boss|anna|1001/i);
  });
});
