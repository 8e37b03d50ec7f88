/** @file The page that `lxmert explain` writes, opened from a file without a network. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { explanationOf } from '../../src/explain/explanation.js';
import { renderExplanation } from '../../src/explain/renderExplanation.js';
import { disposeModels, loadEnsemble } from '../../src/inference/ensemble.js';
import { imageRegionsFrom } from '../../src/inference/imageRegions.js';
import { LabelNames } from '../../src/vision/detector/labelNames.js';
import { makeRow } from '../features/support.js';
import { launchBrowser, watch } from '../support/browser.js';
import { needing } from '../support/skips.js';
import { writeSmallRun } from '../support/tinyLxmert.js';

const folder = mkdtempSync(path.join(tmpdir(), 'explanation-file-'));
afterAll(() => rmSync(folder, { recursive: true }));
const names = new LabelNames(
  Array.from({ length: 1600 }, (_, i) => `</script><b>thing ${i}`),
  Array.from({ length: 400 }, (_, i) => `kind ${i}`),
);
const question = `what is <img src=x onerror="document.title='taken over'">?`;

needing('chromium', 'program').describe('the file of an explanation', () => {
  it('shows everything, asks for nothing, and runs nothing that a question or a name holds', async () => {
    const run = path.join(folder, 'run');
    await writeSmallRun(run);
    const answering = await loadEnsemble([run], {});
    const row = makeRow(2, { numBoxes: 5, featureSize: 7, width: 200, height: 100 });
    const imageRegions = imageRegionsFrom(row, { hasLabels: true, names, provenance: undefined });
    const explanation = explanationOf(answering, imageRegions, question, 3);
    disposeModels(answering);
    const file = path.join(folder, 'why.html');
    writeFileSync(file, await renderExplanation(explanation));

    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      const watched = watch(page);
      await page.goto(pathToFileURL(file).href);
      expect(await page.locator('.seen rect').count()).toBe(5);
      expect(await page.locator('.map td').count()).toBe(5 * explanation.words.length);
      expect(await page.locator('.chips button').allTextContents()).toEqual([...explanation.words]);
      expect(await page.locator('h1').textContent()).toBe(question);
      expect(await page.locator('.regions button').first().textContent()).toContain('</script><b>thing');
      expect(await page.locator('svg.blank').count()).toBe(1);
      await page.getByLabel('Show').selectOption({ value: '1' });
      await page.locator('.regions button').first().click();
      expect(await page.locator('.explanation > .reading').textContent()).toContain('looks most at');
      expect(await page.title()).toBe(question);
      expect(watched.complaints).toEqual([]);
      expect(watched.requests.filter((url) => !url.startsWith('file:') && url !== 'data:,')).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
