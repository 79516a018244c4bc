import { expect, it } from '@jest/globals';
import { tokens } from '../cli/bench.ts';
import { deliver, describeConsole, goTo, live, shoot, signIn, visiting } from './visit.ts';

describeConsole('the console, in Chromium', () => {
  it(
    'lets nobody in without a token of the bridge, and keeps it from scripts',
    visiting(async ({ page }) => {
      await shoot(page, 'console-sign-in');
      await page.getByLabel('Your operator token').fill('x'.repeat(32));
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('This is no token of this bridge.').waitFor();
      await signIn(page, 'vera');
      const [cookie] = await page.context().cookies();
      expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', secure: false });
      expect(await page.evaluate('document.cookie')).toBe('');
      await page.reload();
      await page.getByRole('heading', { name: 'Now', level: 1 }).waitFor();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByLabel('Your operator token').waitFor();
      await page.reload();
      await page.getByLabel('Your operator token').waitFor();
    }),
  );

  it(
    'shows what comes while one watches',
    visiting(async ({ page, bench }) => {
      await signIn(page, 'vera');
      await page.getByText('live', { exact: true }).waitFor();
      await page.getByText('Nothing has happened yet.').waitFor();
      await deliver(bench, 'user.kick', 'grace@example.com');
      await page.getByRole('listitem').filter({ hasText: 'email:grace@example.com' }).waitFor();
      await page.getByRole('img', { name: '24 hours: 1 succeeded' }).waitFor();
      await page.getByRole('button', { name: '7 days' }).click();
      await page.getByRole('img', { name: '7 days: 1 succeeded' }).waitFor();
      await page.getByText('In numbers').click();
      expect(await page.locator('.numbers').textContent()).toMatch(/1 succeeded$/);
    }),
  );

  it(
    'finds a person, and tells the whole history of an intent',
    visiting(async ({ page, bench }) => {
      await live(bench);
      await signIn(page, 'anna');
      await page.getByText('nobody@example.com').first().waitFor();
      await page.getByRole('link', { name: /^Scheduled\s*1/ }).waitFor();
      await shoot(page, 'console-now');
      await page.getByRole('link', { name: 'People' }).click();
      await page.getByLabel('Value').fill('ada@example.com');
      await page.keyboard.press('Enter');
      await page.getByRole('link', { name: 'resign email:ada@example.com' }).click();
      await page.getByRole('heading', { name: 'History' }).waitFor();
      const timeline = page.locator('.timeline');
      expect(await timeline.textContent()).toContain('received from scripts');
      await timeline.getByText('confirmed').first().waitFor();
      await shoot(page, 'console-intent');
      await page.getByRole('link', { name: 'Everything about this person' }).click();
      await page.getByRole('link', { name: 'resign email:ada@example.com' }).waitFor();
      await goTo(page, 'Sources');
      await page.getByRole('row', { name: /^scripts \S+ – – 17 % accepted 5 \s*dead-letter 1$/ }).waitFor();
      await page.getByRole('row', { name: /^shadow none since \S+ every 36h – 0.0 %/ }).waitFor();
      await shoot(page, 'console-sources');
    }),
  );

  it(
    'keeps what is typed while something happens meanwhile',
    visiting(async ({ page, bench }) => {
      await signIn(page, 'vera');
      await goTo(page, 'People');
      await page.getByText('There are none.').waitFor();
      await page.getByLabel('Identifier').selectOption('username');
      await page.getByLabel('Value').fill('grac');
      await deliver(bench, 'user.kick', 'grace@example.com');
      await page.getByRole('link', { name: 'kick email:grace@example.com' }).waitFor();
      expect(await page.getByLabel('Identifier').inputValue()).toBe('username');
      expect(await page.getByLabel('Value').inputValue()).toBe('grac');
    }),
  );

  it(
    'says whose work was done already, and erases a person of whom nothing is open',
    visiting(async ({ page, bench }) => {
      await live(bench);
      await signIn(page, 'anna');
      await page.getByText('nobody@example.com').first().waitFor();
      await deliver(bench, 'user.resign', 'ada@example.com');
      await page.getByRole('link', { name: 'done already' }).click();
      await page.getByText('contract ended').first().waitFor();
      await goTo(page, 'People');
      await page.getByRole('link', { name: 'resign email:alan@example.com' }).click();
      await page.getByRole('link', { name: 'Everything about this person' }).click();
      await page.getByRole('button', { name: 'Erase email:alan@example.com' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Erase' }).click();
      await page.getByText('Not done: something about this person is still open').waitFor();
      await page.getByRole('button', { name: 'Back' }).click();
      await page.getByLabel('Value').fill('ada@example.com');
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Erase email:ada@example.com' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Erase' }).click();
      await page
        .getByRole('status')
        .getByText(/^Erased from \d intents, \d outcomes and 0 dead letters\.$/)
        .waitFor();
      await page.getByText('Nothing is known of email:ada@example.com.').waitFor();
      await page.goto(`${bench.bridge.adminUrl}/console/#/intents`);
      await page.getByRole('link', { name: 'resign email:erased' }).first().click();
      await page.getByRole('heading', { name: 'History' }).waitFor();
      expect(await page.getByRole('link', { name: 'Everything about this person' }).count()).toBe(0);
    }),
  );

  it(
    'releases and cancels one that is held, by keyboard alone',
    visiting(async ({ page, bench }) => {
      await live(bench);
      await signIn(page, 'anna');
      await page.getByRole('link', { name: 'Held', exact: true }).focus();
      await page.keyboard.press('Enter');
      const katherine = page.getByRole('listitem').filter({ hasText: 'katherine@example.com' });
      await katherine.getByRole('button', { name: 'Release' }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('dialog').getByLabel('Reason').fill('checked with HR');
      await page.keyboard.press('Enter');
      await katherine.waitFor({ state: 'detached' });
      const stale = page.getByRole('listitem').filter({ hasText: 'external_id:1002' });
      await stale.getByRole('button', { name: 'Cancel' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
      await page.getByText('Nobody is held.').waitFor();
      const { out } = await bench.command(['intents', '--person', 'email:katherine@example.com', '--json']);
      expect(JSON.parse(out).intents.at(-1).decisions).toMatchObject([
        { by: 'api:anna', verdict: 'approved', reason: 'checked with HR' },
      ]);
      expect((await bench.command(['intents', '--status', 'canceled'])).out).toContain('external_id:1002');
    }),
  );

  it(
    'replays dead letters, pauses and resumes; a viewer only looks',
    visiting(async ({ page, bench }) => {
      await live(bench);
      await signIn(page, 'vera');
      await page.getByRole('link', { name: 'Dead letters', exact: true }).click();
      await page.getByText('data.userId').first().waitFor();
      expect(await page.getByRole('button', { name: 'Replay' }).count()).toBe(0);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByLabel('Your operator token').fill(tokens.olaf);
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Replay' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Replay' }).click();
      await page.getByText('came 2×').waitFor();
      await page.getByRole('status').getByText('It still cannot be read: data.userId').waitFor();
      await goTo(page, 'Now');
      await page.getByRole('button', { name: 'Pause everything' }).click();
      await page.getByRole('dialog').getByLabel('Reason').fill('an incident');
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Resume' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click();
      await page.getByRole('button', { name: 'Pause everything' }).waitFor();
      expect((await bench.command(['status'])).out).toContain('nothing is paused');
    }),
  );

  it(
    'fits a phone, in the dark, and shows names from outside as text',
    visiting(async ({ page, bench }) => {
      await deliver(bench, 'user.kick', 'grace@example.com', { reason: '<img src=x onerror=alert(1)>' });
      await live(bench);
      await page.emulateMedia({ colorScheme: 'dark' });
      await page.setViewportSize({ width: 390, height: 844 });
      await signIn(page, 'anna');
      for (const place of ['Now', 'Held', 'Upcoming', 'People', 'Dead letters', 'Sources']) {
        await goTo(page, place);
        await page.getByText('…', { exact: true }).waitFor({ state: 'detached' });
        const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
        expect([place, await page.evaluate(overflow)]).toEqual([place, 0]);
        if (place === 'Now') await page.getByText('nobody@example.com').first().waitFor();
        if (place === 'Now') await shoot(page, 'console-phone-dark');
      }
      await page.getByRole('link', { name: 'People' }).click();
      await page.getByRole('link', { name: 'kick email:grace@example.com' }).last().click();
      await page.getByText('<img src=x onerror=alert(1)>').waitFor();
    }),
  );
});
