import { describe, expect, it } from '@jest/globals';
import { until } from '../../support/until.ts';
import { asker, inWorkspace, keyIn, keyOf, type Shown, textOf } from './workspace.ts';

const press = { action: 'offboard_confirm' };

describe('/kick', () => {
  it(
    'shows whom it is about, signs them out once it is confirmed, and shows what really happened',
    inWorkspace(async ({ command, slack, genauth, kicks, outcomes, press: pressButton }) => {
      const shown = await command({ text: '<@U0123ABC|ada> lost laptop', responseUrl: slack.responseUrl() });
      expect(shown.response_type).toBe('ephemeral');
      expect(textOf(shown)).toContain('Ada Lovelace (Activated)');
      expect(textOf(shown)).toContain('email ada@example.com');
      expect(textOf(shown)).toContain('Reason: lost laptop');
      expect(kicks()).toEqual([]);
      expect(await pressButton({ ...press, value: keyIn(shown), responseUrl: slack.responseUrl() })).toBe(
        200,
      );
      const last = await until(() =>
        slack.callsOf('response_url').find(({ args }) => JSON.stringify(args).includes('Done: signed out.')),
      );
      expect(last.args).toMatchObject({ replace_original: true });
      expect(keyOf(last.args as unknown as Shown)).toBeNull();
      expect(kicks()).toHaveLength(1);
      expect(genauth.calls().length).toBeGreaterThan(1);
      const types = (await outcomes()).map(({ type }) => type);
      expect(types).toEqual(['user.kick.held', 'user.kick.released', 'user.kick.succeeded']);
      expect((await outcomes())[2]?.data).toMatchObject({
        actor: `slack:${asker}`,
        source: 'slack',
        reason: 'lost laptop',
        decisions: [{ by: `slack:${asker}`, verdict: 'approved' }],
      });
    }),
  );
});
