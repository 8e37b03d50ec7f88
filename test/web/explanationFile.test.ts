/** @file The page that `lxmert explain` writes, opened from a file without a network. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { explanationOf } from '../../src/explain/explanation.js';
import { wordsOfPieces } from '../../src/explain/removal.js';
import { renderExplanation } from '../../src/explain/renderExplanation.js';
import { disposeModels, loadEnsemble } from '../../src/inference/ensemble.js';
import { imageRegionsFrom } from '../../src/inference/imageRegions.js';
import type { LoadedModel } from '../../src/inference/modelFolder.js';
import { LabelNames } from '../../src/vision/detector/labelNames.js';
import { makeRow } from '../features/support.js';
import { violationsOf } from '../support/axe.js';
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
      expect(await page.locator('.seen rect[data-region]').count()).toBe(5);
      // The end counts for nothing in relevance; pieces of a word are one.
      const words = wordsOfPieces(explanation.words).map(({ word }) => word);
      expect(await page.locator('.chips .name').allTextContents()).toEqual([
        ...words.map((word) => (word === '[UNK]' ? expect.any(String) : word)),
      ]);
      expect(await page.locator('h1').textContent()).toBe(question);
      expect(await page.locator('.regions button').first().textContent()).toContain('</script><b>thing');
      expect(await page.locator('svg.blank').count()).toBe(1);
      // What is closed is not drawn, at every move of a pointer.
      expect(await page.locator('.map').count()).toBe(0);
      await page.getByText('Details').click();
      await expect.poll(() => page.locator('.map tbody td').count()).toBe(5 * (words.length + 1));
      await page.getByLabel('Show').selectOption({ value: '1' });
      expect(await page.locator('.explanation > .reading').textContent()).toMatch(
        /looks most at|looks at is spread evenly/,
      );
      expect(await violationsOf(page)).toEqual([]);
      expect(await page.title()).toBe(question);
      expect(watched.complaints).toEqual([]);
      expect(watched.requests.filter((url) => !url.startsWith('file:') && url !== 'data:,')).toEqual([]);
    } finally {
      await browser.close();
    }
  });

  it('shows by removal what the answer is without each word and region, also of several models', async () => {
    for (const seed of [5, 6]) await writeSmallRun(path.join(folder, `${seed}`), { seed });
    const answering = await loadEnsemble([path.join(folder, '5'), path.join(folder, '6')], {});
    const row = makeRow(2, { numBoxes: 5, featureSize: 7, width: 200, height: 100 });
    const imageRegions = imageRegionsFrom(row, { hasLabels: false, names, provenance: undefined });
    const asked = 'What colors is the cat?';
    const explanation = explanationOf(answering as LoadedModel, imageRegions, asked, 3, 'removal');
    disposeModels(answering);
    const file = path.join(folder, 'without.html');
    writeFileSync(file, await renderExplanation(explanation));
    const { removal, answers } = explanation;
    const points = (change = 0): string => {
      const size = Math.abs(100 * change).toFixed(1);
      return size === '0.0' ? size : `${change < 0 ? '\u2212' : '+'}${size}`;
    };

    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      const watched = watch(page);
      await page.goto(pathToFileURL(file).href);
      const reading = () => page.locator('.explanation > .reading').textContent();
      expect(await reading()).toMatch(/loses most without .+\.$/);
      expect(await page.locator('.alone').textContent()).toMatch(/^(No word and no region|Taken away alone)/);
      // The largest fall first, each with its change for the answer that is chosen, and the answer that comes instead.
      for (const answer of [0, 1]) {
        await page.locator('.bars button').nth(answer).click();
        const order = removal!.regions
          .map((part, i) => ({ part, i }))
          .sort((a, b) => (a.part?.changes[answer] ?? 0) - (b.part?.changes[answer] ?? 0));
        expect(await page.locator('.regions button').allTextContents()).toEqual(
          order.map(({ part, i }) =>
            expect.stringMatching(
              new RegExp(
                `region ${i + 1}\\b.*without it ${part?.instead ? `${part.instead.answer}, ` : ''}${points(part?.changes[answer]).replace('+', '\\+')}$`,
              ),
            ),
          ),
        );
        expect(await page.locator('.regions button.rises').count()).toBe(
          order.filter(({ part }) => (part?.changes[answer] ?? 0) > 0).length,
        );
      }
      await page.locator('.bars button').first().click();
      // Both pieces of a word are one.
      const word = removal!.words[1]!;
      expect(word.pieces.length).toBe(2);
      await page.getByRole('button', { name: /^colors/ }).click();
      expect(await reading()).toContain(
        `Without "colors", "${answers[0]?.answer}" is at ${(100 * word.probabilities[0]!).toFixed(1)}`,
      );
      // Without a server one thing at a time is away.
      await page.locator('.regions button[data-region="3"]').click();
      expect(await reading()).toMatch(/^Without region 4/);
      expect(await page.locator('[aria-pressed=true].row, .chips [aria-pressed=true]').count()).toBe(1);
      expect(await page.locator('.map').count()).toBe(0);
      expect(watched.complaints).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
