import { describe, expect, it } from '@jest/globals';
import type { Intent } from '../../src/core/intent.ts';
import { intentOutcome, placeOutcome, recordOutcome } from '../../src/core/outcome.ts';
import { createLogPublisher } from '../../src/publishers/log.ts';

const intent: Intent = {
  id: 'i-1',
  source: 'hr',
  eventId: 'event of ada',
  person: 'person-of-ada',
  action: 'resign',
  identifiers: [{ userIdType: 'email', userId: 'ada@example.com' }],
  subject: 'employee 1001',
  appIds: [],
  reason: 'reason: Ada leaves',
  requestedBy: 'boss@example.com',
  actor: 'api:olaf',
  occurredAt: 0,
  effectiveAt: null,
  receivedAt: 0,
  settledAt: 0,
  dueAt: null,
  retryOf: null,
  broughtBy: null,
  traceparent: null,
  status: 'failed',
  identifierIndex: 0,
  cap: 50,
  attempts: 1,
  acted: false,
  seenUserId: 'user of ada',
  kickBrought: false,
  waived: [],
  decisions: [{ by: 'api:anna', at: 0, verdict: 'approved', reason: 'Ada said so' }],
  voided: null,
  failure: null,
  answer: { statusCode: 404, apiCode: 2004, requestId: 'r', message: 'no ada@example.com here' },
};

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
