import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { example } from './example.ts';
import { testHandler } from './handler-suite.ts';

testHandler({
  name: 'example',
  handler: example,
  settings: (secrets) => ({ secrets }),
  secrets: ['a secret of the example', 'another secret of it'],
  sign: (body, { secret }) => ({
    method: 'POST',
    query: {},
    headers: { 'x-example-signature': createHmac('sha256', secret).update(body).digest('hex') },
    body: Buffer.from(body),
  }),
  signedHeaders: ['x-example-signature'],
  hasTimestamp: false,
  hasReplayWindow: false,
  now: Date.parse('2026-11-20T08:00:00Z'),
  bodies: {
    genuine: '{"name":"employee.left","employee":"1001"}',
    intents: [{ action: 'resign', identifiers: [{ userIdType: 'external_id', userId: '1001' }] }],
    foreign: '{"name":"employee.joined","employee":"1001"}',
    unreadable: '{"name":"employee.left"}',
  },
});

describe('the guide for authors of handlers', () => {
  it('shows the example as it was compiled and tested', () => {
    const [guide, source] = ['../../handlers/README.md', './example.ts'].map((path) =>
      readFileSync(new URL(path, import.meta.url), 'utf8'),
    );
    expect(guide).toContain(source?.replace('../../src/', '../src/'));
  });
});
