/** @file A server's own pictures with the regions of a feature store: tests of the page, in the group of page.test.ts. */

import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { FeatureStoreWriter, unknownProvenance } from '../../src/features/files.js';
import { makeRow } from '../features/support.js';
import { violationsOf } from '../support/axe.js';
import { writeSmallRun } from '../support/tinyLxmert.js';
import { type PageHarness, question } from './pageHarness.js';

const NUM_BOXES = 36;
const FEATURE_SIZE = 7;

export function ownPicturesTests({ at, serve, visit, ask }: PageHarness): void {
  it("shows a server's own pictures with all regions of a store, and tells its name but not where it lies", async () => {
    await writeSmallRun(at('detected'), { featureSize: FEATURE_SIZE });
    const size = { width: 300, height: 200, featureSize: FEATURE_SIZE, numBoxes: NUM_BOXES };
    const provenance = unknownProvenance;
    const writer = await FeatureStoreWriter.create(at("the store's"), { provenance, numBoxes: NUM_BOXES });
    await writer.add(makeRow(1, { imageId: 'photo', ...size }));
    await writer.finish();
    mkdirSync(at('own'));
    copyFileSync(at('photo.png'), at('own/photo.png'));
    const features = ['--features', at("the store's"), '--images', 'own'];
    const own = await serve('--model', 'detected', ...features);
    await visit(
      async (page) => {
        await page.getByRole('heading', { name: `${NUM_BOXES} regions were found` }).waitFor();
        // No file can be looked at without a detector.
        expect(await page.getByLabel('Picture file').count()).toBe(0);
        const heights = await page
          .locator('.regions li')
          .evaluateAll((rows) => rows.map((row) => row.clientHeight));
        expect(Math.min(...heights)).toBeGreaterThan(30);
        const names = await page.locator('.regions bdi').allTextContents();
        expect(names.filter((name) => /^object \d/.test(name))).toEqual([]);
        const list = page.locator('.regions');
        const goesOn = () => list.evaluate((element) => element.classList.contains('more'));
        await expect.poll(goesOn).toBe(true);
        expect(await violationsOf(page)).toEqual([]);
        await list.focus();
        await page.keyboard.press('End');
        await expect.poll(goesOn).toBe(false);

        await ask(page, question);
        await page.getByText('Details').click();
        // What is within is drawn when it opens.
        await expect.poll(() => page.locator('.map tbody tr').first().locator('td').count()).toBe(NUM_BOXES);
        expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
        await page.getByRole('button', { name: 'command line' }).click();
        await page.locator('.keep pre').waitFor();
        expect(await page.locator('.keep pre').textContent()).toBe(
          `lxmert explain 'photo' --features 'the store'\\''s' '${question}' --model 'detected' --output explanation.html`,
        );
        const answers = await page.evaluate<string>("fetch('v1/samples').then((found) => found.text())");
        expect(answers).not.toContain(path.dirname(at('own')));
        await page.getByRole('tab', { name: 'Compare' }).click();
        // The picture stays in sight there too.
        await expect.poll(() => page.locator('.picture:visible').count()).toBe(1);
      },
      { address: own.address },
    );
  });
}
