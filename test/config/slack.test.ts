import { describe, expect, it } from '@jest/globals';
import { maskConfig } from '../../src/config.ts';
import { faults, minimal, parse } from './fixtures.ts';

const smallest = { signingSecret: 'a-signing-secret-0123456789', botToken: 'xoxb-1-abc' };
const withSlack = (slack: object, more: object = {}): object => ({ ...minimal, ...more, slack });
const approve = { channel: 'C024BE91L', users: ['U0BOSS'] };

describe('the Slack workspace', () => {
  it('lets nobody do anything unless told', () => {
    const nobody = { users: [], userGroups: [] };
    expect(parse(withSlack(smallest)).slack).toEqual({
      ...smallest,
      mode: 'http',
      appToken: null,
      apiUrl: 'https://slack.com/api/',
      allow: { kick: nobody, resign: nobody },
      approve: { channel: null, ...nobody },
      limits: { perCommand: 5, perHour: 10 },
    });
  });

  it('needs the secret of its mode', () => {
    const { botToken } = smallest;
    expect(faults(withSlack({ botToken }))).toEqual(['slack.signingSecret: is required for mode http']);
    expect(faults(withSlack({ botToken, mode: 'socket' }))).toEqual([
      'slack.appToken: is required for mode socket',
    ]);
    expect(faults(withSlack({ botToken, mode: 'socket', appToken: 'xapp-1-abc' }))).toEqual([]);
  });

  it('says everything that is wrong with it at once, and never a secret', () => {
    const said = faults(
      withSlack({
        signingSecret: 'a-signing-secret-0123456789',
        botToken: 'xoxp-a-user-token',
        apiUrl: 'http://slack.example.com/api/',
        allow: { kick: { users: ['@ada'], userGroups: ['admins'] } },
        approve: { channel: '#ops' },
        limits: { perCommand: 21 },
        colour: 'red',
      }),
    );
    expect(said.map((one) => one.slice(0, one.indexOf(':'))).sort()).toEqual([
      'slack.allow.kick.userGroups[0]',
      'slack.allow.kick.users[0]',
      'slack.apiUrl',
      'slack.approve.channel',
      'slack.botToken',
      'slack.colour',
      'slack.limits.perCommand',
    ]);
    expect(said.join()).not.toMatch(/a-signing|xoxp-a/);
  });

  it('has a channel in which approvals can be asked for', () => {
    const resign = { users: ['U0ADMIN'] };
    const slack = { ...smallest, allow: { resign } };
    const missing = 'slack.approve.channel: is required';
    expect(faults(withSlack(slack))[0]).toContain(missing);
    expect(faults(withSlack(slack, { leavers: { dryRun: true, fourEyes: false } }))).toEqual([]);
    expect(faults(withSlack({ ...slack, approve }))).toEqual([]);
    expect(faults(withSlack({ ...smallest, approve: { users: ['U0BOSS'] } }))[0]).toContain(missing);
  });

  it('gets a slash at the end of its URL, which may be a loopback one', () => {
    const slack = { ...smallest, apiUrl: 'http://127.0.0.1:4200/api' };
    expect(parse(withSlack(slack)).slack?.apiUrl).toBe('http://127.0.0.1:4200/api/');
  });

  it('is logged without its secrets', () => {
    const config = parse(withSlack({ ...smallest, appToken: 'xapp-1-abc', approve }));
    expect(JSON.stringify(maskConfig(config))).not.toMatch(/a-signing|xoxb|xapp/);
    expect(maskConfig(config)).toMatchObject({
      slack: { approve: { channel: approve.channel, users: 1, userGroups: 0 }, botToken: '***' },
    });
  });
});
