import { describe, expect, it } from '@jest/globals';
import { readCommand } from '../../../src/ingress/slack/command.ts';

function read(text: string, action: 'kick' | 'resign' = 'kick') {
  const reading = readCommand(action, text);
  if (reading.kind !== 'command') throw new Error(reading.kind === 'unclear' ? reading.ask : 'help');
  return reading.command;
}

function whoIn(text: string) {
  return read(text).people.map((who) =>
    who.kind === 'mention' ? `@${who.slackUserId}` : `${who.identifier.userIdType} ${who.identifier.userId}`,
  );
}

const unclear = (text: string, action: 'kick' | 'resign' = 'kick') => {
  const reading = readCommand(action, text);
  return reading.kind === 'unclear' ? reading.ask : null;
};

describe('who', () => {
  it.each([
    ['<@U0123ABC|ada>', '@U0123ABC'],
    ['<@W012A3CDE>', '@W012A3CDE'],
    ['ada@example.com', 'email ada@example.com'],
    ['<mailto:ada@example.com|ada@example.com>', 'email ada@example.com'],
    ['email:ada@example.com', 'email ada@example.com'],
    ['+8613800000002', 'phone 13800000002'],
    ['+86 138 0000 0002', 'phone 13800000002'],
    ['+86-138-0000-0002', 'phone 13800000002'],
    ['<tel:+8613800000002|+86 138 0000 0002>', 'phone 13800000002'],
    ['+1 (415) 555-0100', 'phone +14155550100'],
    ['+442071234567', 'phone +442071234567'],
    ['phone:13800000002', 'phone 13800000002'],
    ['lark:ou_8bae746eac07cd2564654140d2a9ac61', 'sync_relation lark:ou_8bae746eac07cd2564654140d2a9ac61'],
    ['dingtalk:manager01', 'sync_relation dingtalk:manager01'],
    ['sync_relation:scim:77', 'sync_relation scim:77'],
    ['62f20932716fbcc10d966ee5:ou_1', 'identity 62f20932716fbcc10d966ee5:ou_1'],
    ['identity:62f20932716fbcc10d966ee5:ou_1', 'identity 62f20932716fbcc10d966ee5:ou_1'],
    ['6319a1504f3b4c0f214dd5b1', 'user_id 6319a1504f3b4c0f214dd5b1'],
    ['user_id:6319a1504f3b4c0f214dd5b1', 'user_id 6319a1504f3b4c0f214dd5b1'],
    ['external_id:1234', 'external_id 1234'],
    ['username:ada', 'username ada'],
    ['username:"Ada Lovelace"', 'username Ada Lovelace'],
    ['username:“Ada Lovelace”', 'username Ada Lovelace'],
    ['custom_field:badge-7', 'custom_field badge-7'],
    ['external_id:a&amp;b', 'external_id a&b'],
  ])('%s is %s', (text, expected) => {
    expect(whoIn(text)).toEqual([expected]);
    const { people, reason } = read(`${text} lost laptop`);
    expect([people.length, reason]).toEqual([1, 'lost laptop']);
  });

  it.each([
    ['ada', 'It is not clear who ada is'],
    ['@ada', 'Slack did not say who @ada is'],
    ['13800000002', 'It is not clear who 13800000002 is'],
    ['1234', 'It is not clear who 1234 is'],
    ['+86138000', 'another number of digits'],
    ['+44 20 7123 4567', 'without blanks'],
    ['+12', 'is not a phone number'],
    ['user_id:abc', 'is not 24 hexadecimal digits'],
    ['email:ada', 'is not an email address'],
    ['jira:77', 'It is not clear who jira:77 is'],
    ['<!subteam^S012|@admins>', 'A user group is many people'],
    ['<!channel>', 'A channel is not a person'],
    ['<#C1|general>', 'A channel is not a person'],
    ['<https://example.com|x>', 'A link is not a person'],
    ['ada@example.com, lost laptop', 'It is not clear who lost is'],
    ['ada@example.com @bob', 'Slack did not say who @bob is'],
    ['ada@example.com ada@example.com', 'the same person twice'],
    ['&lt;@U0123ABC&gt;', 'It is not clear who'],
    ['-- lost laptop', 'It does not say who'],
  ])('%s is asked back', (text, expected) => {
    expect(unclear(text)).toContain(expected);
  });

  it('may be several people, with or without commas', () => {
    const expected = ['@U1AB', 'email bob@example.com', 'external_id 7'];
    expect(whoIn('<@U1AB|ada>, bob@example.com, external_id:7 left')).toEqual(expected);
    expect(whoIn('<@U1AB|ada> bob@example.com external_id:7')).toEqual(expected);
  });

  it('ends at two dashes, so that a reason may begin with a name', () => {
    for (const dashes of ['--', '—']) {
      const { people, reason } = read(`<@U1AB> ${dashes} bob@example.com asked for it`);
      expect([people.length, reason]).toEqual([1, 'bob@example.com asked for it']);
    }
  });
});

describe('what else is typed', () => {
  it.each(['', '  ', 'help', 'HELP', '?'])('%j asks for help', (text) => {
    expect(readCommand('kick', text)).toEqual({ kind: 'help' });
  });

  it('are apps after "in", and the reason after them', () => {
    expect(read('<@U1AB> in app-mail, app-wiki phishing')).toMatchObject({
      appIds: ['app-mail', 'app-wiki'],
      reason: 'phishing',
    });
    expect(read('<@U1AB> in app-mail,app-wiki')).toMatchObject({
      appIds: ['app-mail', 'app-wiki'],
      reason: null,
    });
    expect(read('<@U1AB> -- in a hurry')).toMatchObject({ appIds: [], reason: 'in a hurry' });
    expect(unclear('<@U1AB> in')).toContain('the ids of apps');
    expect(unclear('<@U1AB> in app.mail')).toContain('the ids of apps');
    expect(unclear('<@U1AB> in app-mail', 'resign')).toContain('leaves every app');
  });

  it('is a date after "on", for a resign only', () => {
    expect(read('<@U1AB> on 2026-12-01 last day', 'resign')).toMatchObject({
      date: { kind: 'day', date: '2026-12-01' },
      reason: 'last day',
    });
    expect(read('<@U1AB> on 2026-12-01T18:00+08:00', 'resign').date).toEqual({
      kind: 'instant',
      at: Date.parse('2026-12-01T10:00:00Z'),
    });
    for (const odd of ['Friday', '2026-02-30', '2026-12-01T18:00', '01.12.2026', ''])
      expect(unclear(`<@U1AB> on ${odd}`, 'resign')).toContain('comes a date');
    expect(unclear('<@U1AB> on 2026-12-01')).toContain('/kick acts at once');
  });

  it('is a reason of at most 500 characters, as it was typed', () => {
    expect(read('<@U1AB> &lt;b&gt; *fired* :tada:').reason).toBe('<b> *fired* :tada:');
    expect(unclear(`<@U1AB> ${'x'.repeat(501)}`)).toContain('longer than 500');
  });
});
