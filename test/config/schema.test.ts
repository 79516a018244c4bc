import { describe, expect, it } from '@jest/globals';
import { faults, genauth, minimal, parse, secret } from './fixtures.ts';

describe('the server', () => {
  const ada = { name: 'ada', role: 'operator', token: secret };
  const withTokens = (...tokens: object[]): object => ({ ...minimal, server: { tokens } });

  it('has tokens of people with roles', () => {
    expect(parse(withTokens(ada)).server.tokens).toEqual([{ ...ada, slackUser: null }]);
    const inSlack = { ...ada, slackUser: 'U024BE7LH' };
    expect(parse(withTokens(inSlack)).server.tokens).toEqual([inSlack]);
    expect(faults(withTokens({ ...ada, slackUser: '@ada' }))).toEqual([
      'server.tokens[0].slackUser: is not the id of a Slack user, such as U024BE7LH',
    ]);
  });

  it('has no two tokens of one name or one value, whatever else is wrong', () => {
    const bob = { name: 'ada', role: 'boss', token: secret };
    expect(faults(withTokens(ada, bob))).toEqual([
      'server.tokens[1].role: is not one of viewer, operator, approver',
      'server.tokens[1].name: was already given to another token',
      'server.tokens[1].token: is the same as that of another name',
    ]);
  });

  it('has tokens of at least 32 characters that a header can carry', () => {
    expect(
      faults(withTokens({ ...ada, token: 'x'.repeat(31) }, { ...ada, name: 'b', token: `${secret}\n.` })),
    ).toEqual([
      'server.tokens[0].token: must have at least 32 characters',
      'server.tokens[1].token: has characters that an HTTP header cannot carry',
    ]);
  });

  it('may have a listener for operators, on a port of its own', () => {
    const server = (port: number, adminPort: number): object => ({
      ...minimal,
      server: { port, admin: { host: '::1', port: adminPort } },
    });
    expect(parse(server(8080, 9090)).server.admin).toEqual({ host: '::1', port: 9090 });
    expect(faults(server(8080, 8080))).toEqual(['server.admin.port: is the same as server.port']);
    expect(parse(server(0, 0)).server).toMatchObject({ port: 0, admin: { port: 0 } });
  });

  it.each([true, false, 0, 2])('may trust proxies: %j', (trustProxy) => {
    expect(parse({ ...minimal, server: { trustProxy } }).server.trustProxy).toBe(trustProxy);
  });

  it.each(['loopback', -1, 1.5, null])('may not trust proxies as %j', (trustProxy) => {
    expect(faults({ ...minimal, server: { trustProxy } })).toHaveLength(1);
  });
});

describe('the store', () => {
  it.each([
    'sqlite:./data/bridge.db',
    'sqlite:/var/lib/bridge.db',
    'sqlite:bridge.db',
    'postgres://u:p@h:5432/db',
    'postgresql://h/db?sslmode=verify-full',
  ])('may be %s', (url) => {
    expect(parse({ ...minimal, store: { url } }).store.url).toBe(url);
  });

  it.each([
    ['postgres://u:p@h:5432', 'is not a URL such as postgres://user:password@host:5432/database'],
    ['postgres:///db', 'is not a URL such as postgres://user:password@host:5432/database'],
    ['postgres:db', 'is not a URL such as postgres://user:password@host:5432/database'],
    ['sqlite:', 'is neither sqlite:<path> nor postgres://…'],
    ['./bridge.db', 'is neither sqlite:<path> nor postgres://…'],
    ['sqlite://data/bridge.db', 'has // before its path; write sqlite:./file or sqlite:/path/to/file'],
    ['sqlite::memory:', 'names no file, so that what was acknowledged would be lost'],
  ])('may not be %s', (url, says) => {
    expect(faults({ ...minimal, store: { url } })).toEqual([`store.url: ${says}`]);
  });
});

describe('the management API', () => {
  const withHost = (host: unknown): object => ({ ...minimal, genauth: { ...genauth, host } });

  it.each([
    ['https://api.genauth.ai', 'https://api.genauth.ai'],
    ['https://api.genauth.ai/', 'https://api.genauth.ai'],
    ['https://sso.example.com/genauth/', 'https://sso.example.com/genauth'],
    ['http://127.0.0.1:4100', 'http://127.0.0.1:4100'],
    ['http://localhost:4100', 'http://localhost:4100'],
    ['http://[::1]:4100', 'http://[::1]:4100'],
  ])('may be at %s', (host, read) => {
    expect(parse(withHost(host)).genauth.host).toBe(read);
  });

  it.each([
    ['http://api.genauth.ai', /^genauth.host: is not https: credentials go there/],
    ['http://127.0.0.1.example.com', /is not https/],
    ['http://localhost.example.com', /is not https/],
    ['https://user:password@api.genauth.ai', /has more than scheme, host, port and path/],
    ['https://api.genauth.ai?x=1', /has more than/],
    ['https://api.genauth.ai#x', /has more than/],
    ['api.genauth.ai', /is not a URL such as/],
    ['ftp://api.genauth.ai', /is not a URL such as/],
  ])('may not be at %s', (host, says) => {
    expect(faults(withHost(host))).toEqual([expect.stringMatching(says)]);
  });

  it('is called within limits', () => {
    const limits = { requestsPerSecond: 0.5, concurrency: 65, timeout: '1h', arrayEncoding: 'json' };
    expect(faults({ ...minimal, genauth: { ...genauth, ...limits } })).toEqual([
      'genauth.timeout: is not between 1ms and 10m',
      'genauth.requestsPerSecond: must be at least 1',
      'genauth.concurrency: must be at most 64',
      'genauth.arrayEncoding: is not one of repeat, brackets',
    ]);
  });

  it('signs out of all apps or of those that are named', () => {
    const withApps = (kickAppIds: unknown): object => ({ ...minimal, genauth: { ...genauth, kickAppIds } });
    expect(parse(withApps(['app1', 'app2'])).genauth.kickAppIds).toEqual(['app1', 'app2']);
    expect(faults(withApps('app1'))).toEqual(['genauth.kickAppIds: is neither all nor a list of app ids']);
    expect(faults(withApps(['app1', 7]))).toEqual([
      'genauth.kickAppIds[1]: is not text; a number or a date as text needs quotes',
    ]);
    expect(faults(withApps([]))).toEqual(['genauth.kickAppIds: must have at least 1 entries']);
  });
});

describe('what is done to leavers', () => {
  const withLeavers = (keys: object): object => ({ genauth, leavers: { dryRun: false, ...keys } });

  it('may be safeguarded in part by defaults, or not at all', () => {
    expect(parse(withLeavers({ safeguard: { maxResigns: 0, grace: '0s' } })).leavers.safeguard).toEqual({
      limits: [{ maxResigns: 0, maxPercent: null, maxKicks: 100, perMs: 3_600_000 }],
      graceMs: 0,
    });
    expect(parse(withLeavers({ safeguard: 'off' })).leavers.safeguard).toBeNull();
    expect(faults(withLeavers({ safeguard: false }))).toEqual([
      'leavers.safeguard: is neither off nor a mapping',
    ]);
    expect(faults(withLeavers({ safeguard: { per: 'x', grace: '2d' } }))).toEqual([
      'leavers.safeguard.per: is not a duration such as 100ms, 10s, 15m, 1h, 90d',
      'leavers.safeguard.grace: is not between 0ms and 1d',
    ]);
  });

  it('may be safeguarded by several limits at once; what none of them speaks of keeps its default', () => {
    const limits = [
      { maxResigns: 20, per: '1h' },
      { maxResigns: 50, maxPercent: 1.5, per: '1d' },
    ];
    expect(parse(withLeavers({ safeguard: { limits, grace: '5s' } })).leavers.safeguard).toEqual({
      limits: [
        { maxResigns: 20, maxPercent: null, maxKicks: null, perMs: 3_600_000 },
        { maxResigns: 50, maxPercent: 1.5, maxKicks: null, perMs: 86_400_000 },
        { maxResigns: null, maxPercent: null, maxKicks: 100, perMs: 3_600_000 },
      ],
      graceMs: 5_000,
    });
    expect(parse(withLeavers({ safeguard: { maxPercent: 2 } })).leavers.safeguard?.limits).toEqual([
      { maxResigns: 20, maxPercent: 2, maxKicks: 100, perMs: 3_600_000 },
    ]);
  });

  it('are safeguarded by no limit that means two things, or nothing', () => {
    expect(faults(withLeavers({ safeguard: { maxResigns: 3, limits: [{ maxResigns: 5 }] } }))).toEqual([
      'leavers.safeguard.limits: are beside maxResigns; write that into one of them',
    ]);
    expect(faults(withLeavers({ safeguard: { limits: [{ per: '1h' }] } }))).toEqual([
      'leavers.safeguard.limits[0]: limits nothing; it needs maxResigns or maxKicks',
    ]);
    expect(faults(withLeavers({ safeguard: { limits: [{ maxPercent: 2 }] } }))).toEqual([
      'leavers.safeguard.limits[0]: needs maxResigns beside maxPercent: it applies while nobody knows how many users are active',
    ]);
    expect(faults(withLeavers({ safeguard: { maxPercent: 101 } }))).toEqual([
      'leavers.safeguard.maxPercent: must be at most 100',
    ]);
  });

  it('is held for protected people, who are named by valid identifiers', () => {
    const phone = { userIdType: 'phone', userId: '+86 138 0013 8000' };
    expect(parse(withLeavers({ protected: [phone] })).leavers.protected).toEqual([
      { userIdType: 'phone', userId: '13800138000' },
    ]);
    expect(faults(withLeavers({ protected: [phone, { userIdType: 'email', userId: 'ada' }] }))).toEqual([
      'leavers.protected[1].userId: email is not an email address',
    ]);
  });
});

describe('durations', () => {
  it.each([10, '10', '1.5h', null])('are not written as %j', (timeout) => {
    expect(faults({ ...minimal, genauth: { ...genauth, timeout } })).toEqual([
      'genauth.timeout: is not a duration such as 100ms, 10s, 15m, 1h, 90d',
    ]);
  });

  it('fit together, and each rule is checked as soon as its own keys are read', () => {
    expect(faults({ ...minimal, retry: { minDelay: '2s', maxDelay: '1s', giveUpAfter: '1s' } })).toEqual([
      'retry.minDelay: is longer than retry.maxDelay',
      'retry.maxDelay: is not shorter than retry.giveUpAfter',
    ]);
    expect(faults({ ...minimal, retention: { settled: '2d', outcomes: '1d', deadLetters: 7 } })).toEqual([
      'retention.deadLetters: is not a duration such as 100ms, 10s, 15m, 1h, 90d',
      'retention.outcomes: is shorter than retention.settled',
    ]);
  });
});
