import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { signStandardWebhook } from '../../src/cli/demo-deliveries.ts';
import { atBench, type Bench, tokens, webhookSecret } from '../cli/bench.ts';

const paths = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const found = [process.env.CHROMIUM ?? '', ...paths].find((path) => path !== '' && existsSync(path));
/** `SCREENSHOTS=1 npm test -- test/console` writes those of the documents. */
const images = process.env.SCREENSHOTS ? fileURLToPath(new URL('../../docs/images/', import.meta.url)) : null;

/** Keeps what a page looks like for the documents, when that is asked for. */
export async function shoot(page: Page, name: string): Promise<void> {
  if (!images) return;
  await mkdir(images, { recursive: true });
  await page.mouse.move(0, 0);
  await page.screenshot({ path: `${images}${name}.png`, animations: 'disabled' });
}

export interface Visit {
  readonly page: Page;
  readonly bench: Bench;
}

let browser: Browser;

/** Describes the console as Chromium has it; skipped where there is none. */
export function describeConsole(title: string, tests: () => void): void {
  const drive = found ? describe : describe.skip;
  drive(found ? title : `${title} (skipped: no Chromium here; CHROMIUM names one)`, () => {
    beforeAll(async () => {
      const args = ['--no-sandbox', '--disable-background-networking'];
      browser = await chromium.launch({ executablePath: String(found), args });
    });
    afterAll(() => browser.close());
    tests();
  });
}

/** Visits the console of a bridge of its own; the browser must complain of nothing, and ask nobody else. */
export function visiting(test: (visit: Visit) => Promise<void>): () => Promise<void> {
  return atBench(async (bench) => {
    const context = await browser.newContext({ viewport: { width: 1180, height: 860 }, locale: 'en-GB' });
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

export async function signIn(page: Page, name: keyof typeof tokens): Promise<void> {
  await page.getByLabel('Your operator token').fill(tokens[name]);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Now', level: 1 }).waitFor();
}

/** Goes to a place of the console by its link. */
export async function goTo(page: Page, place: string): Promise<void> {
  const nav = page.getByRole('navigation', { name: 'Console' });
  await nav.getByRole('link', { name: place, exact: true }).click();
  await page.getByRole('heading', { name: place, level: 1 }).waitFor();
}

export async function deliver(
  { bridge }: Bench,
  type: string,
  userId: string,
  { timestamp = new Date().toISOString(), ...extra }: { timestamp?: string; [name: string]: unknown } = {},
): Promise<void> {
  const event = { type, timestamp, data: { userIdType: 'email', userId, ...extra } };
  const { headers, body } = signStandardWebhook(event, webhookSecret);
  const { status } = await fetch(`${bridge.url}/hooks/scripts`, { method: 'POST', headers, body });
  if (status >= 500) throw new Error(String(status));
}

const day = 86_400_000;
export const nextMonth = new Date(Date.now() + 30 * day).toISOString();

/** A morning's work: people who left, will leave, are held, and something that could not be read. */
export async function live(bench: Bench): Promise<void> {
  const timestamp = new Date(Date.now() - 9 * day).toISOString();
  await deliver(bench, 'user.resign', 'ada@example.com', { reason: 'contract ended', subject: '1001' });
  await deliver(bench, 'user.kick', 'grace@example.com', { reason: 'lost laptop' });
  await deliver(bench, 'user.resign', 'alan@example.com', { effectiveAt: nextMonth });
  await deliver(bench, 'user.kick', 'nobody@example.com');
  await deliver(bench, 'user.kick', '');
  await bench.command(['resign', 'email:katherine@example.com', '--reason', 'asked by phone']);
  await deliver(bench, 'user.kick', '1002', { userIdType: 'external_id', timestamp });
}

const names = 'amara bruno chen dalia emeka farah goran hana ines jonas'.split(' ');
const families = 'adler brandt costa dubois eriksen'.split(' ');

/** So many people, 50 at most, whom GenAuth knows. @param prefix sets them apart from others */
export function staff({ emulator }: Bench, count: number, prefix = ''): string[] {
  const emails = Array.from({ length: count }, (_, index) => {
    const family = families[Math.floor(index / names.length)];
    return `${prefix}${names[index % names.length]}.${family}@example.com`;
  });
  emulator.addUsers(emails.map((email) => ({ userId: `id-${email}`, name: email, email, sessions: [] })));
  return emails;
}

/** What axe finds wrong with a page as it stands, by WCAG 2.2 AA and its best practices; one line each. */
export async function findBarriers(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  return page.evaluate(`axe.run({ runOnly: ${JSON.stringify(tags)} }).then(({ violations }) => violations.flatMap(
    ({ id, nodes }) => nodes.map(({ target, failureSummary }) => id + ' ' + target + ' ' + failureSummary)))`);
}
