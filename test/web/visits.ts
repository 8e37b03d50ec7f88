/** @file Visits to pages that ask about pictures, and the pictures: what tests of the server's page and of the site share. */

import { readFileSync, writeFileSync } from 'node:fs';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import sharp from 'sharp';
import { expect } from 'vitest';
import { type Watched, watch } from '../support/browser.js';

/** `photo.png`, a red box on green, `broken.png`, its first bytes, and `empty.png`. */
export async function writePhotos(at: (name: string) => string): Promise<void> {
  await sharp({ create: { width: 300, height: 200, channels: 3, background: '#383' } })
    .composite([
      { input: { create: { width: 60, height: 50, channels: 3, background: '#d22' } }, left: 40, top: 30 },
    ])
    .png()
    .toFile(at('photo.png'));
  writeFileSync(at('broken.png'), readFileSync(at('photo.png')).subarray(0, 90));
  writeFileSync(at('empty.png'), '');
}

export interface VisitOptions extends BrowserContextOptions {
  readonly address: string;
  /** Milliseconds that the page may take for a step. */
  readonly timeout: number;
}

/** Opens a page; afterwards nothing may have complained. @returns the addresses that it asked for */
export async function visitPage(
  browser: Browser,
  { address, timeout, ...options }: VisitOptions,
  work: (page: Page, watched: Watched) => Promise<void>,
): Promise<readonly string[]> {
  const context = await browser.newContext(options);
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(timeout);
    const watched = watch(page);
    await page.goto(address);
    await work(page, watched);
    expect(watched.complaints).toEqual([]);
    return watched.requests;
  } finally {
    await context.close();
  }
}

/** Takes a region away from the second question about the first scene, and is back there by the page's address. */
export async function takeAwayAndComeBack(page: Page, asked: string | null): Promise<void> {
  await page.locator('.regions button').nth(2).click();
  await page.getByText(/^Without .* in place of/).waitFor();
  const region = await page.locator('.regions button[aria-pressed=true]').getAttribute('data-region');
  const { searchParams } = new URL(page.url().replace('#', '?'));
  expect(Object.fromEntries(searchParams)).toEqual({
    picture: 'scene-1',
    question: asked,
    without: `;${region}`,
  });
  const reading = await page.locator('.reading').first().textContent();
  await page.reload();
  await page.getByText(reading ?? '').waitFor();
}
