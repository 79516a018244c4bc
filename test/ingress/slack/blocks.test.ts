import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { askMessage, heldMessage, newsMessage, shortMessage } from '../../../src/ingress/slack/blocks.ts';
import { blockKitFaults } from '../../support/slack/block-kit.ts';
import { messages } from '../../support/slack/messages.ts';
import { drawMessage } from '../../support/slack/picture.ts';
import { textOf } from './workspace.ts';

const long = 'x'.repeat(5_000);
const person = { name: long, userStatus: long, identifier: `email ${long}`, state: long };

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
    const held = { source: long, why: long, needsApproval: false, askedBy: [], ...some };
    for (const message of [
      askMessage({ ...some, action: 'kick' }),
      askMessage({ ...some, action: 'resign' }),
      heldMessage({ ...held, action: 'resign', effectiveAt: null }),
      heldMessage({ ...held, action: 'kick', askedBy: ['api:ada'] }),
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
    const asked = ['slack:U024BE7LH', 'api:<!channel>'];
    const shown = heldMessage({ ...held, askedBy: asked, reason: null, effectiveAt: null, key: null });
    expect(textOf(shown as never)).toContain('Asked for by <@U024BE7LH>, api:!channel');
  });
});
