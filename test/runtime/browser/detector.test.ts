import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { exportDetector, exportModel } from '../../../src/export/index.js';
import { Lxmert, type LxmertAnswer } from '../../../src/inference/lxmert.js';
import { RegionDetector } from '../../../src/vision/detector/index.js';
import { launchBrowser, watch } from '../../support/browser.js';
import { bundleForBrowser } from '../../support/browserBundle.js';
import { publishedPath } from '../../support/published.js';
import { needing } from '../../support/skips.js';
import { type StaticServer, startStaticServer } from '../../support/staticServer.js';
import { SMALL_DETECTOR, writeSmallDetector, writeSmallRun } from '../../support/tinyLxmert.js';

const QUESTION = 'what cat';

interface Seen {
  readonly answers: LxmertAnswer['answers'];
  readonly boxes: number[];
  readonly objects: number[];
}

/** In the page: asks about the photo with the detector. */
const ASK = `(async () => {
  const { Lxmert } = await import('./runtime.js');
  const photo = await (await fetch('photo.jpg')).blob();
  const lxmert = await Lxmert.load('model', { detector: 'detector', engine: 'wasm' });
  const found = await lxmert.detectRegions(photo);
  const { answers } = await lxmert.answer(photo, '${QUESTION}');
  await lxmert.dispose();
  const objects = found.regions.map(({ object }) => object.id);
  return { answers, boxes: [...found.row.boxes], objects };
})()`;

needing('chromium').describe('an exported detector in a browser', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'browser-detector-'));
  const at = (...names: string[]): string => path.join(folder, ...names);
  const photo = publishedPath('images', 'cut', 'coffee.jpg');
  let server: StaticServer;

  beforeAll(async () => {
    writeSmallDetector(at('small.caffemodel'));
    using detector = await RegionDetector.load(at('small.caffemodel'), { architecture: SMALL_DETECTOR });
    await writeSmallRun(at('run'), { trainedOn: detector.provenance });
    await exportModel({ source: { model: at('run') }, out: at('model'), precision: 'float32' });
    const precision = 'float32';
    await exportDetector({
      detector: at('small.caffemodel'),
      out: at('detector'),
      precision,
      architecture: SMALL_DETECTOR,
    });
    copyFileSync(photo, at('photo.jpg'));
    writeFileSync(at('index.html'), '<!DOCTYPE html><link rel="icon" href="data:,"><title>x</title>');
    await bundleForBrowser('src/runtime/index.ts', folder, 'runtime');
    server = await startStaticServer(folder);
  });
  afterAll(async () => {
    await server?.close();
    rmSync(folder, { recursive: true });
  });

  it('finds the regions of a photo that libtorch finds, and answers from them', async () => {
    using expected = await Lxmert.load({
      model: at('run'),
      detector: at('small.caffemodel'),
      architecture: SMALL_DETECTOR,
    });
    const regions = await expected.detectRegions(photo);
    const { answers } = await expected.answer(photo, QUESTION);
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      const { complaints } = watch(page);
      await page.goto(server.address);
      const seen = (await page.evaluate(ASK)) as Seen;
      expect(complaints).toEqual([]);
      expect(seen.objects).toEqual(regions.regions.map(({ object }) => object!.id));
      seen.boxes.forEach((value, i) => {
        expect(Math.abs(value - regions.row.boxes[i]!)).toBeLessThan(1e-2);
      });
      expect(seen.answers.map(({ answer }) => answer)).toEqual(answers.map(({ answer }) => answer));
      seen.answers.forEach(({ probability }, i) => {
        expect(probability).toBeCloseTo(answers[i]!.probability, 4);
      });
    } finally {
      await browser.close();
    }
  });
});
