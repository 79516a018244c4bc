import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { deliver, describeConsole, findBarriers, goTo, live, signIn, staff, visiting } from './visit.ts';

const places = ['Now', 'Held', 'Upcoming', 'People', 'Dead letters', 'Sources'];
const looks = [
  { colorScheme: 'light', viewport: { width: 1180, height: 860 } },
  { colorScheme: 'dark', viewport: { width: 390, height: 844 } },
] as const;

const focused = (page: Page) =>
  page.evaluate<string>(
    'document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent.trim()',
  );

describeConsole('the console, for everybody', () => {
  it.each(looks)(
    'has no barrier that axe knows: $colorScheme, $viewport.width wide',
    ({ colorScheme, viewport }) =>
      visiting(async ({ page, bench }) => {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.setViewportSize(viewport);
        expect(await findBarriers(page)).toEqual([]);
        for (const email of staff(bench, 23)) await deliver(bench, 'user.resign', email);
        await live(bench);
        await signIn(page, 'anna');
        await page.getByText('nobody@example.com').first().waitFor();
        await bench.command(['pause', 'kick', '--reason', 'an incident']);
        for (const place of places) {
          await goTo(page, place);
          await page.getByText('…', { exact: true }).waitFor({ state: 'detached' });
          expect([place, await findBarriers(page)]).toEqual([place, []]);
        }
        await goTo(page, 'Held');
        await page.getByRole('button', { name: 'Release 4 people' }).click();
        expect(['dialog', await findBarriers(page)]).toEqual(['dialog', []]);
        await page.keyboard.press('Escape');
        await page.getByRole('link', { name: 'external_id:1002' }).click();
        await page.getByRole('heading', { name: 'History' }).waitFor();
        expect(['intent', await findBarriers(page)]).toEqual(['intent', []]);
      })(),
    60_000,
  );

  it(
    'goes by keyboard from the top to the content, through a dialog and back',
    visiting(async ({ page, bench }) => {
      for (const email of staff(bench, 23)) await deliver(bench, 'user.resign', email);
      await signIn(page, 'anna');
      await goTo(page, 'Held');
      const release = page.getByRole('button', { name: 'Release 3 people' });
      await release.waitFor();
      await page.evaluate('document.activeElement.blur()');
      await page.reload();
      await release.waitFor();
      const order: string[] = [];
      for (const _ of ['To the content', 'Offboard Bridge', ...places, 'Sign out']) {
        await page.keyboard.press('Tab');
        order.push(await focused(page));
        expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
      }
      expect(order).toEqual(['To the content', 'Offboard Bridge', ...places, 'Sign out']);
      await page.locator('.skip').focus();
      await page.keyboard.press('Enter');
      expect(await page.evaluate('document.activeElement.id')).toBe('main');
      await release.focus();
      await page.keyboard.press('Enter');
      await page.getByRole('dialog').waitFor();
      expect(await page.evaluate('document.activeElement.name')).toBe('reason');
      for (const name of ['Back', 'Release 3 people']) {
        await page.keyboard.press('Tab');
        expect(await focused(page)).toBe(name);
      }
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      expect(await focused(page)).toBe('Release 3 people: resign, from scripts');
      expect(await page.title()).toBe('Held · Offboard Bridge');
    }),
  );

  it(
    'lets no page of another address act with the session that it has',
    visiting(async ({ page, bench }) => {
      await signIn(page, 'anna');
      const other = createServer((_request, response) => response.end('<!doctype html>')).listen(
        0,
        '127.0.0.1',
      );
      await once(other, 'listening');
      const { port } = other.address() as AddressInfo;
      const foreign = await page.context().newPage();
      try {
        await foreign.goto(`http://127.0.0.1:${port}/`);
        const target = JSON.stringify(`${bench.bridge.adminUrl}/v1/pause`);
        const post = (headers: string, mode: string) =>
          foreign.evaluate<string>(`fetch(${target}, { method: 'POST', credentials: 'include', mode: '${mode}',
            headers: ${headers}, body: '{"scope":"all"}' }).then(({ type }) => type, () => 'blocked')`);
        const answered = foreign.waitForResponse((one) => one.request().method() === 'POST');
        expect(await post('{}', 'no-cors')).toBe('opaque');
        expect((await answered).status()).toBe(401);
        expect(await post('{"x-offboard-console":"1"}', 'cors')).toBe('blocked');
      } finally {
        other.close();
        await foreign.close();
      }
      expect((await bench.command(['status'])).out).toContain('nothing is paused');
    }),
  );
});
