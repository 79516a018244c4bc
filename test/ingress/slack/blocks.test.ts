import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { askMessage, heldMessage, newsMessage, shortMessage } from '../../../src/ingress/slack/blocks.ts';
import { blockKitFaults } from '../../support/slack/block-kit.ts';
import { messages } from '../../support/slack/messages.ts';
import { drawMessage } from '../../support/slack/picture.ts';
import { textOf } from './workspace.ts';

const long = 'x'.repeat(5_000);
const person = { name: long, userStatus: long, identifier: `email ${long}`, state: long };

const set = { setId: '1-h1', count: 30, since: '2026-11-20T08:00:00.000Z', decided: null };

describe('every message', () => {
  it.each(Object.entries(messages))('%s keeps to the limits of Block Kit', (_name, message) => {
    expect(blockKitFaults(message.blocks)).toEqual([]);
    expect(message.text.length).toBeLessThan(100);
  });

  it.each(Object.entries(messages))('%s has a picture that shows it as it is', (name, message) => {
    const picture = readFileSync(new URL(`../../../docs/slack/${name}.svg`, import.meta.url), 'utf8');
    expect(picture).toBe(drawMessage(message));
  });

  it('keeps to them whatever was typed, and however many it is about', () => {
    const people = Array.from({ length: 100 }, () => person);
    const some = {
      people,
      appIds: [long],
      effectiveAt: 8.64e15,
      reason: long,
      dryRun: true,
      key: 'k'.repeat(200),
    };
    const held = { source: long, why: long, needsApproval: false, askedBy: null, ...set, ...some };
    for (const message of [
      askMessage({ ...some, action: 'kick' }),
      askMessage({ ...some, action: 'resign' }),
      heldMessage({ ...held, action: 'resign', effectiveAt: null }),
      heldMessage({
        ...held,
        action: 'kick',
        askedBy: 'api:ada',
        decided: { by: 'api:bob', verdict: 'approved', reason: long },
      }),
      newsMessage(
        long,
        Array.from({ length: 100 }, () => long),
      ),
      shortMessage(long),
    ])
      expect(blockKitFaults(message.blocks)).toEqual([]);
  });

  it('names those who asked as people of Slack only when they are', () => {
    const held = {
      action: 'resign',
      source: 'api',
      why: 'it waits',
      needsApproval: true,
      people: [],
    } as const;
    const textFor = (askedBy: string) => {
      const rest = { ...set, reason: null, effectiveAt: null, key: null };
      return textOf(heldMessage({ ...held, ...rest, askedBy }) as never);
    };
    expect(textFor('slack:U024BE7LH')).toContain('Asked for by <@U024BE7LH>');
    expect(textFor('api:<!channel>')).toContain('Asked for by api:!channel');
  });
});
