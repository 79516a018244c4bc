import { describe, expect, it } from '@jest/globals';
import { type Outcome, placeOutcome, recordOutcome } from '../../src/core/outcome.ts';
import { createSlackReply, type SlackReplies } from '../../src/publishers/slack-reply.ts';

const now = Date.parse('2026-11-20T08:00:00Z');
const hour = 3_600_000;

let position = 0;
function outcomeOf(data: object, { type = 'user.kick.succeeded', time = now } = {}): Outcome {
  position += 1;
  const draft = { type, source: 'hr', subject: null, time, data: { ...data } };
  return placeOutcome(draft, { id: `o${position}`, position, previousHash: '' });
}

function heldFor(code: string, time = now): Outcome {
  const data = {
    intentId: `i-${code}`,
    eventId: 'e1',
    source: 'hr',
    status: 'held',
    failure: { code, message: '' },
  };
  return outcomeOf(data, { type: 'user.resign.held', time });
}

/** What was asked for, in order. */
async function publish(outcomes: readonly Outcome[]): Promise<Record<string, unknown[]>> {
  const asked: Record<string, unknown[]> = {};
  const note = (name: string) => async (items: readonly unknown[]) => {
    asked[name] = [...items];
  };
  const replies: SlackReplies = {
    show: note('show'),
    announceHeld: note('held'),
    announceDeadLetters: note('letters'),
  };
  await createSlackReply({ replies, now: () => now }).publish(outcomes);
  return asked;
}

describe('the publisher for Slack', () => {
  it('has the messages of every intent brought up to date', async () => {
    const { show } = await publish([outcomeOf({ intentId: 'i1', eventId: 'e1', status: 'succeeded' })]);
    expect(show).toMatchObject([{ intentId: 'i1', eventId: 'e1' }]);
  });

  it('has what is held announced, but not what waits for whoever asked', async () => {
    const { held } = await publish([heldFor('safeguard'), heldFor('needs_confirmation')]);
    expect(held).toMatchObject([{ intentId: 'i-safeguard', source: 'hr', code: 'safeguard' }]);
  });

  it('has dead letters announced, and no other records', async () => {
    const type = 'delivery.dead_lettered';
    const place = { id: 'o-letter', position: 1, previousHash: '' };
    const letter = placeOutcome(recordOutcome({ type, source: 'hr', time: now, reference: 'd1' }), place);
    const refused = placeOutcome(
      recordOutcome({ type: 'request.refused', source: 'slack', time: now }),
      place,
    );
    const { letters } = await publish([letter, refused]);
    expect(letters).toEqual([{ outcomeId: 'o-letter', source: 'hr', deadLetterId: 'd1' }]);
  });

  it('takes nothing older than a day for news', async () => {
    expect(await publish([heldFor('stale', now - 25 * hour)])).toEqual({ held: [], letters: [], show: [] });
  });
});
