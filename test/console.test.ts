import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Browser, chromium, type Page } from 'playwright-core';
import { signStandardWebhook } from '../src/cli/demo-deliveries.ts';
import { atBench, type Bench, tokens, webhookSecret } from './cli/bench.ts';

const paths = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const found = [process.env.CHROMIUM ?? '', ...paths].find((path) => path !== '' && existsSync(path));
/** `SCREENSHOTS=1 npm test -- test/console` writes those of the documents. */
const images = process.env.SCREENSHOTS ? fileURLToPath(new URL('../docs/images/', import.meta.url)) : null;

async function shoot(page: Page, name: string): Promise<void> {
  if (!images) return;
  await mkdir(images, { recursive: true });
  await page.screenshot({ path: `${images}${name}.png` });
}

interface Visit {
  readonly page: Page;
  readonly bench: Bench;
}

let browser: Browser;

/** Visits the console of a bridge of its own; the browser must complain of nothing, and ask nobody else. */
function visiting(test: (visit: Visit) => Promise<void>): () => Promise<void> {
  return atBench(async (bench) => {
    const context = await browser.newContext({ viewport: { width: 1180, height: 860 } });
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(8_000);
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => {
        const isRefusal = message.text().includes('the server responded with a status of 4');
        if (message.type() === 'error' && !isRefusal) complaints.push(message.text());
      });
      page.on('request', (request) => {
        if (!request.url().startsWith(bench.bridge.adminUrl)) complaints.push(`elsewhere: ${request.url()}`);
      });
      await page.goto(`${bench.bridge.adminUrl}/console`);
      await test({ page, bench });
      expect(complaints).toEqual([]);
    } finally {
      await context.close();
    }
  });
}

async function signIn(page: Page, name: keyof typeof tokens): Promise<void> {
  await page.getByLabel('Your operator token').fill(tokens[name]);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Now', level: 1 }).waitFor();
}

async function deliver({ bridge }: Bench, type: string, userId: string, extra: object = {}): Promise<void> {
  const data = { userIdType: 'email', userId, ...extra };
  const event = { type, timestamp: new Date().toISOString(), data };
  const { headers, body } = signStandardWebhook(event, webhookSecret);
  const { status } = await fetch(`${bridge.url}/hooks/scripts`, { method: 'POST', headers, body });
  if (status >= 500) throw new Error(String(status));
}

/** A morning's work: people who left, will leave, are held, and something that could not be read. */
async function live(bench: Bench): Promise<void> {
  const nextMonth = new Date(Date.now() + 30 * 86_400_000).toISOString();
  const longAgo = { timestamp: new Date(Date.now() - 9 * 86_400_000).toISOString() };
  await deliver(bench, 'user.resign', 'ada@example.com', { reason: 'contract ended', subject: '1001' });
  await deliver(bench, 'user.kick', 'grace@example.com', { reason: 'lost laptop' });
  await deliver(bench, 'user.resign', 'alan@example.com', { effectiveAt: nextMonth });
  await deliver(bench, 'user.kick', 'nobody@example.com');
  await deliver(bench, 'user.kick', '');
  await bench.command(['resign', 'email:katherine@example.com', '--reason', 'asked by phone']);
  const stale = { type: 'user.kick', ...longAgo, data: { userIdType: 'external_id', userId: '1002' } };
  const { headers, body } = signStandardWebhook(stale, webhookSecret);
  await fetch(`${bench.bridge.url}/hooks/scripts`, { method: 'POST', headers, body });
}

const drive = found ? describe : describe.skip;

drive(
  found ? 'the console, in Chromium' : 'the console (skipped: no Chromium here; CHROMIUM names one)',
  () => {
    beforeAll(async () => {
      const args = ['--no-sandbox', '--disable-background-networking'];
      browser = await chromium.launch({ executablePath: String(found), args });
    });
    afterAll(() => browser.close());

    it(
      'lets nobody in without a token of the bridge, and keeps it from scripts',
      visiting(async ({ page }) => {
        await shoot(page, 'console-sign-in');
        await page.getByLabel('Your operator token').fill('x'.repeat(32));
        await page.getByRole('button', { name: 'Sign in' }).click();
        await page.getByText('This is no token of this bridge.').waitFor();
        await signIn(page, 'vera');
        const [cookie] = await page.context().cookies();
        expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
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
        await page.getByRole('link', { name: 'Sources' }).click();
        await page
          .getByRole('row', { name: /^scripts .* 17 % –$/ })
          .or(page.getByRole('row', { name: /^scripts/ }))
          .first()
          .waitFor();
        await shoot(page, 'console-sources');
      }),
    );

    it(
      'releases and cancels what is held, by keyboard alone',
      visiting(async ({ page, bench }) => {
        await live(bench);
        await signIn(page, 'anna');
        await page.getByRole('link', { name: 'Held', exact: true }).focus();
        await page.keyboard.press('Enter');
        const katherine = page.getByRole('listitem').filter({ hasText: 'katherine@example.com' });
        await katherine.getByRole('button', { name: 'Release' }).focus();
        await shoot(page, 'console-held');
        await page.keyboard.press('Enter');
        await page.getByRole('dialog').getByLabel('Reason').fill('checked with HR');
        await shoot(page, 'console-release');
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
        await page.getByRole('link', { name: 'Now' }).click();
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
        for (const place of ['Now', 'Held', 'People', 'Dead letters', 'Sources']) {
          await page.getByRole('navigation', { name: 'Console' }).getByRole('link', { name: place }).click();
          await page.getByRole('heading', { name: place, level: 1 }).waitFor();
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
  },
);
