// biome-ignore-all lint/suspicious/noTemplateCurlyInString: text that only looks like a reference is tried
import { describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { custom } from '../../handlers/custom.ts';
import { parseConfig } from '../../src/config.ts';
import { UnverifiedDelivery } from '../../src/core/handler.ts';
import { testHandler } from './handler-suite.ts';
import { faultsOf, hmac, post, reader } from './sender.ts';

const secrets: [string, string] = ['a secret of the sender', 'another secret of it'];
const left = {
  id: 'evt-1',
  what: 'left',
  at: '2026-11-20T08:00:00Z',
  worker: { id: 1001, mail: 'ada@example.com', lastDay: '2026-11-30' },
};
const base = {
  secrets,
  signature: {
    header: 'X-Signature',
    prefix: 'sha256=',
    signed: '{timestamp}.{body}',
    timestampHeader: 'X-Timestamp',
    tolerance: '5m',
  },
  identifyBy: ['external_id', 'email'],
  timezone: 'Asia/Shanghai',
  map: {
    type: "what = 'left' ? 'user.resign' : what = 'stays' ? 'user.withdraw'",
    identifiers: { external_id: 'worker.id', email: 'worker.mail' },
    subject: 'worker.id',
    occurredAt: 'at',
    effectiveAt: 'worker.lastDay',
    reason: "'left on ' & worker.lastDay",
  },
  example: { body: left, becomes: 'user.resign' },
};

testHandler({
  name: 'custom',
  handler: custom,
  settings: (secrets) => ({ ...base, secrets }),
  secrets,
  sign(body, { secret, at }) {
    const timestamp = new Date(at).toISOString();
    const signature = hmac({ secret }, `${timestamp}.`, body);
    return post(body, { 'x-timestamp': timestamp, 'x-signature': `sha256=${signature}` });
  },
  signedHeaders: ['x-timestamp', 'x-signature'],
  hasTimestamp: true,
  hasReplayWindow: true,
  now: Date.parse('2026-11-20T08:00:10Z'),
  bodies: {
    genuine: JSON.stringify(left),
    intents: [
      {
        action: 'resign',
        identifiers: [
          { userIdType: 'external_id', userId: '1001' },
          { userIdType: 'email', userId: 'ada@example.com' },
        ],
        subject: '1001',
        occurredAt: Date.parse('2026-11-20T08:00:00Z'),
        effectiveAt: Date.parse('2026-11-30T16:00:00Z'),
        reason: 'left on 2026-11-30',
      },
    ],
    foreign: '{"what":"moved"}',
    unreadable: '{"what":"left"}',
  },
});

const read = reader(custom, base);
const map = (more: object) => ({ map: { ...base.map, ...more } });
const faults = (more: object) =>
  custom.settings
    .safeParse({ ...base, ...more })
    .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

describe('custom', () => {
  it('takes a static token instead of a signature', () => {
    const { signature: _, ...unsigned } = base;
    const settings = custom.settings.parse({ ...unsigned, token: {} });
    const verify = (authorization: string) => custom.verify(post('{}', { authorization }), settings, 0);
    expect(custom.secretHeader?.(settings)).toBe('authorization');
    expect(() => verify(`Bearer ${secrets[1]}`)).not.toThrow();
    expect(() => verify(secrets[1])).toThrow(UnverifiedDelivery);
    expect(() => verify('Bearer ')).toThrow(UnverifiedDelivery);
  });

  it('gives the event id that the map names', () => {
    const settings = custom.settings.parse({ ...base, ...map({ eventId: 'id' }) });
    expect(custom.eventId?.(post(JSON.stringify(left), {}), settings)).toBe('evt-1');
    expect(custom.eventId?.(post('{', {}), settings)).toBeNull();
  });

  it('takes times with an offset as they are, and dates only where a time zone says what they mean', () => {
    const at = { ...left, worker: { ...left.worker, lastDay: '2026-11-30T18:00:00+01:00' } };
    expect(read(at)).toMatchObject([{ effectiveAt: Date.parse('2026-11-30T17:00:00Z') }]);
    const noZone = { timezone: undefined, example: { body: at, becomes: 'user.resign' } };
    expect(faultsOf(() => read(left, noZone))).toEqual(['map.effectiveAt: gave no time that can be read']);
  });

  it.each([
    [
      'an example that is something else',
      { example: { body: left, becomes: 'user.kick' } },
      'example.becomes: is not what it becomes, which is user.resign',
    ],
    [
      'an example that names nobody',
      { example: { body: { what: 'left' }, becomes: 'user.resign' } },
      'example.body: cannot be read: external_id: was not sent; email: was not sent',
    ],
    [
      'an expression that is none',
      map({ type: 'what = (' }),
      'map.type: is not JSONata: failed with S0203 at 8',
    ],
    [
      'a type without its expression',
      { identifyBy: ['phone'] },
      'map.identifiers.phone: is required by identifyBy',
    ],
    [
      'neither signature nor token',
      { signature: undefined },
      'signature: or token is required, and only one of them',
    ],
    ['both', { token: {} }, 'signature: or token is required, and only one of them'],
    [
      'a body that is not signed',
      { signature: { header: 'x', signed: '{timestamp}' } },
      'signature.signed: has not exactly one {body}',
    ],
    [
      'a timestamp that is not signed',
      { signature: { header: 'x', timestampHeader: 'y' } },
      'signature.timestampHeader: and {timestamp} in signed go together',
    ],
  ])('refuses %s when the configuration is read', (_title, more, fault) => {
    expect(faults(more)).toContain(fault);
  });

  it.each([
    ['takes too long', '$count([1..1000000].($ % 7 = 0)) > 0 ? "user.resign"'],
    // Every way to part the letters is tried, in a single step.
    ['takes too long', `$match("${'a'.repeat(40)}!", /^(a+)+$/) ? "user.resign"`],
    ['goes too deep', '($f := function($n) { 1 + $f($n + 1) }; $f(1))'],
  ])('ends an expression that %s', (fault, type) => {
    const runaway = `what = 'run' ? (${type}) : 'user.resign'`;
    const began = performance.now();
    expect(faultsOf(() => read({ ...left, what: 'run' }, map({ type: runaway })))).toEqual([
      `map.type: ${fault}`,
    ]);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('may have an empty prefix, and any text in its example', () => {
    const said = { ...left, what: 'left', note: '', by: '${first} $${last}' };
    const source = {
      ...base,
      handler: 'custom',
      signature: undefined,
      token: { header: 'X-Token', prefix: '' },
      example: { body: said, becomes: 'user.resign' },
    };
    const genauth = { host: 'https://api.genauth.ai', accessKeyId: 'key', accessKeySecret: 'secret' };
    const text = stringify({ genauth, leavers: { dryRun: true }, sources: { hr: source } });
    const { hr } = parseConfig(text, { env: {}, handlers: { custom } }).sources;
    expect(hr?.settings).toMatchObject({ token: { prefix: '' }, example: { body: said } });
    const verify = () => hr?.handler.verify(post('{}', { 'x-token': secrets[1] }), hr.settings, 0);
    expect(verify).not.toThrow();
  });

  it('says nothing of the values when an expression fails', () => {
    const [fault] = faultsOf(() =>
      read({ ...left, what: 'x' }, map({ type: "what = 'x' ? $number(worker.mail) : 'user.resign'" })),
    );
    expect(fault).toMatch(/^map\.type: failed with D3030 at \d+$/);
  });
});
