/** @file Visitors who do not wait: tests of the page, in the group of page.test.ts. */

import { readFileSync } from 'node:fs';
import type { Page, Request, Route } from 'playwright-core';
import { expect, it } from 'vitest';
import type { PageHarness } from './pageHarness.js';

const SLOW = 'is the dog white?';
const QUICK = 'is the cat red?';

/** Keeps some of the requests to an address back. @returns those that were sent, and what lets them go */
export async function holdBack(
  page: Page,
  address: string,
  isHeld: (request: Request) => boolean | undefined,
) {
  const held: Route[] = [];
  await page.route(address, async (route) => {
    if (isHeld(route.request())) held.push(route);
    else await route.continue();
  });
  // Those that nobody waits for any longer cannot go on.
  return { held, letGo: () => Promise.all(held.map((route) => route.continue().catch(() => {}))) };
}

const asks = (question: string) => (request: Request) => request.postData()?.includes(question);

export function hasteTests({ at, visit, askAbout }: PageHarness): void {
  it('keeps the picture that was chosen in the very moment in which that was possible', async () => {
    await visit(async (page) => {
      const bytes = readFileSync(at('photo.png')).toString('base64');
      await page.addInitScript(`new MutationObserver((_, observer) => {
          const input = document.querySelector('input[type=file]');
          if (input === null) return;
          observer.disconnect();
          const bytes = Uint8Array.from(atob('${bytes}'), (character) => character.charCodeAt(0));
          const files = new DataTransfer();
          files.items.add(new File([bytes], 'photo.png', { type: 'image/png' }));
          input.files = files.files;
          input.dispatchEvent(new Event('change', { bubbles: true }));
        }).observe(document, { childList: true, subtree: true })`);
      await page.reload();
      await page.getByText('regions were found in photo.png').waitFor({ state: 'attached' });
      await page.getByText('photo.png', { exact: true }).waitFor();
    });
  });

  it('answers the newest question, also while an earlier one is asked', async () => {
    await visit(async (page) => {
      await askAbout(page, 'photo.png');
      const { held, letGo } = await holdBack(page, '**/v1/explain', asks(SLOW));
      const field = page.getByLabel('Question', { exact: true });
      const ended: string[] = [];
      page.on('requestfailed', (request) => {
        if (asks(SLOW)(request)) ended.push(request.failure()?.errorText ?? '');
      });
      await field.fill(SLOW);
      await field.press('Enter');
      await expect.poll(() => held.length).toBe(1);
      await field.fill(QUICK);
      await field.press('Enter');
      await page.locator('.chips button').filter({ hasText: 'red' }).waitFor();
      // Nobody waits for the first any longer, and the server is told so.
      await expect.poll(() => ended).toEqual([expect.stringContaining('ABORTED')]);
      await letGo();
      expect(await page.title()).toContain(QUICK);
      expect(await page.locator('.earlier button').filter({ hasText: SLOW }).count()).toBe(0);
    });
  });

  it('compares the newest two questions, also while earlier ones are asked', async () => {
    await visit(async (page) => {
      await askAbout(page, 'photo.png');
      const { held, letGo } = await holdBack(page, '**/v1/explain', asks(SLOW));
      await page.getByRole('tab', { name: 'Compare' }).click();
      await page.getByLabel('First question').fill(SLOW);
      await page.getByLabel('Second question').fill(QUICK);
      await page.getByRole('button', { name: 'Compare', exact: true }).click();
      await expect.poll(() => held.length).toBe(1);
      await page.getByLabel('First question').fill('is the cat white?');
      await page.getByRole('button', { name: 'Compare', exact: true }).click();
      await page.locator('.sides h2').filter({ hasText: 'is the cat white?' }).waitFor();
      await letGo();
      expect(await page.locator('.sides h2').allTextContents()).toEqual(['is the cat white?', QUICK]);
    });
  });
}
