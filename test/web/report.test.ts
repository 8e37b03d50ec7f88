/** @file Reports in a real browser: nothing that axe finds, nothing that the security policy refuses. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { renderReport } from '../../src/report/index.js';
import { sampleReport } from '../report/sampleReport.js';
import { violationsOf } from '../support/axe.js';
import { launchBrowser, watch } from '../support/browser.js';
import { needing } from '../support/skips.js';

const folder = mkdtempSync(path.join(tmpdir(), 'report-page-'));
const file = path.join(folder, 'report.html');

needing('chromium').describe('a report', () => {
  let browser: Browser;
  beforeAll(async () => {
    writeFileSync(file, renderReport(sampleReport));
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 390],
  ] as const)('is accessible, %s and %i pixels wide', async (colorScheme, width) => {
    const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
    const page = await context.newPage();
    const watched = watch(page);
    await page.goto(pathToFileURL(file).href);
    expect(await page.locator('.chart canvas').count()).toBe(1);
    expect(await violationsOf(page)).toEqual([]);
    expect(watched.complaints).toEqual([]);
    const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(overflow).toBeLessThanOrEqual(0);
    await context.close();
  });
});
