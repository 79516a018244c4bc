import { expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { Bench } from '../cli/bench.ts';
import { deliver, describeConsole, goTo, nextMonth, shoot, signIn, staff, visiting } from './visit.ts';

/** The most resigns an hour that the safeguard lets through. */
const most = 20;

/** A broken sync, of which the safeguard holds so many. */
async function burst(bench: Bench, held: number): Promise<void> {
  for (const email of staff(bench, most + held)) await deliver(bench, 'user.resign', email);
}

/** A planned day, of which the safeguard holds so many beforehand. */
async function plan(bench: Bench, held: number): Promise<void> {
  const extra = { effectiveAt: nextMonth, reason: 'the Lyon office closes' };
  for (const email of staff(bench, most + held, 'lyon.')) await deliver(bench, 'user.resign', email, extra);
}

const setOf = (page: Page, text: string) => page.locator('.set').filter({ hasText: text });

describeConsole('what is held, in the console', () => {
  it(
    'releases a set as one: with a reason, with the number of people, and only if nobody joined since',
    visiting(async ({ page, bench }) => {
      await burst(bench, 12);
      await bench.command(['resign', 'email:katherine@example.com', '--reason', 'asked by phone']);
      await signIn(page, 'anna');
      await goTo(page, 'Held');
      const set = setOf(page, 'resign 12 people from scripts');
      await set.getByText('more resigns than leavers.safeguard allows in its window').waitFor();
      expect(await set.getByRole('listitem').count()).toBe(10);
      await set.getByRole('button', { name: 'Release 12 people' }).waitFor();
      await page.getByRole('heading', { name: 'Alone' }).waitFor();
      await shoot(page, 'console-held');
      await page.emulateMedia({ colorScheme: 'dark' });
      await shoot(page, 'console-held-dark');
      await page.emulateMedia({ colorScheme: 'light' });
      await set.getByRole('button', { name: 'Release 12 people' }).click();
      const dialog = page.getByRole('dialog', { name: 'Release 12 people: resign, from scripts' });
      await dialog.getByText('cannot be undone').waitFor();
      await shoot(page, 'console-release');
      await dialog.getByLabel('Reason').fill('  ');
      await page.keyboard.press('Enter');
      await dialog.locator('input:invalid').waitFor();
      const [late = ''] = staff(bench, 1, 'late.');
      await deliver(bench, 'user.resign', late);
      await setOf(page, 'resign 13 people').waitFor();
      await dialog.getByLabel('Reason').fill('planned, says HR');
      await page.keyboard.press('Enter');
      await dialog.getByRole('alert').getByText('Not done: 13 wait now, not 12; look again.').waitFor();
      await dialog.getByRole('button', { name: 'Back' }).click();
      await page.getByRole('button', { name: 'Release 13 people' }).click();
      await page.getByRole('dialog').getByLabel('Reason').fill('planned, says HR');
      await page.keyboard.press('Enter');
      await page.getByRole('status').getByText('Released: 13 people.').waitFor();
      await page.locator('.set').waitFor({ state: 'detached' });
      const { out } = await bench.command(['intents', '--person', `email:${late}`, '--json']);
      const released = JSON.parse(out).intents.find(({ action }: { action: string }) => action === 'resign');
      expect(released.decisions).toMatchObject([
        { by: 'api:anna', verdict: 'approved', reason: 'planned, says HR' },
      ]);
    }),
  );

  it(
    'cancels a set as one, and says so when somebody else was faster',
    visiting(async ({ page, bench }) => {
      await burst(bench, 3);
      await signIn(page, 'anna');
      await goTo(page, 'Held');
      await page.getByRole('button', { name: 'Cancel 3 people' }).click();
      const { held } = JSON.parse((await bench.command(['held', '--json'])).out);
      await bench.command(['held', 'cancel', held[0].id], { as: 'anna' });
      await page.getByText('Nobody is held.').waitFor();
      const dialog = page.getByRole('dialog', { name: 'Cancel 3 people: resign, from scripts' });
      await dialog.getByLabel('Reason').fill('the sync is broken');
      await page.keyboard.press('Enter');
      await dialog.getByText('Not done: api:anna has decided it already.').waitFor();
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      for (const name of ['ada', 'grace'])
        await bench.command(['resign', `email:${name}@example.com`, '--reason', 'left']);
      await page.getByRole('button', { name: 'Cancel 2 people' }).click();
      await page.getByRole('dialog').getByLabel('Reason').fill('a mistake');
      await page.keyboard.press('Enter');
      await page.getByRole('status').getByText('Canceled: 2 people.').waitFor();
      const canceled = (await bench.command(['intents', '--status', 'canceled'])).out;
      expect(canceled.trim().split('\n')).toHaveLength(5);
    }),
  );

  it(
    'offers to nobody what they would be refused',
    visiting(async ({ page, bench }) => {
      const as = 'anna';
      for (const name of ['ada', 'grace'])
        await bench.command(['resign', `email:${name}@example.com`], { as });
      await bench.command(['resign', 'email:alan@example.com', '--reason', 'left'], { as });
      await signIn(page, 'anna');
      await goTo(page, 'Held');
      await setOf(page, 'asked by api:anna').getByText('You asked for it').waitFor();
      await page.getByRole('link', { name: 'resign email:alan@example.com' }).waitFor();
      const buttons = page.getByRole('main').getByRole('button');
      expect(await buttons.allTextContents()).toEqual(['Cancel 2 people', 'Cancel']);
      for (const [name, offered] of [
        ['olaf', ['Cancel']],
        ['vera', []],
      ] as const) {
        await page.getByRole('button', { name: 'Sign out' }).click();
        await page.getByLabel('Your operator token').waitFor();
        await page.evaluate('location.hash = "#/"');
        await signIn(page, name);
        await goTo(page, 'Held');
        await setOf(page, 'resign 2 people from api').waitFor();
        await page.getByRole('link', { name: 'resign email:alan@example.com' }).waitFor();
        expect([name, await buttons.allTextContents()]).toEqual([name, offered]);
      }
    }),
  );

  it(
    'shows who leaves when, and releases a planned day beforehand',
    visiting(async ({ page, bench }) => {
      await plan(bench, 5);
      await signIn(page, 'anna');
      await goTo(page, 'Upcoming');
      const date = new Date(nextMonth).toLocaleDateString('en-GB', { dateStyle: 'full', timeZone: 'UTC' });
      const leaving = page.getByRole('region', { name: date });
      await leaving.getByText('the Lyon office closes').waitFor();
      await leaving.getByText('20 people scheduled').click();
      await leaving.getByRole('link', { name: 'resign email:lyon.amara.adler@example.com' }).waitFor();
      await leaving.getByText('20 people scheduled').click();
      await shoot(page, 'console-upcoming');
      await page.setViewportSize({ width: 390, height: 844 });
      await goTo(page, 'Held');
      await page.getByRole('button', { name: 'Release 5 people' }).waitFor();
      await shoot(page, 'console-held-phone');
      await page.emulateMedia({ colorScheme: 'dark' });
      await shoot(page, 'console-held-phone-dark');
      await goTo(page, 'Upcoming');
      await leaving.getByRole('button', { name: 'Release 5 people' }).click();
      const named = `Release 5 people: resign, from scripts, on ${nextMonth.slice(0, 10)}`;
      await page.getByRole('dialog', { name: named }).getByLabel('Reason').fill('planned');
      await page.keyboard.press('Enter');
      await leaving.getByText('25 people scheduled').waitFor();
      expect(await leaving.getByRole('button').count()).toBe(0);
    }),
  );
});
