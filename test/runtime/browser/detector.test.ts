import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
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

/** Chromium's own WebGPU on the processor, where there is no GPU. */
const SOFTWARE_GPU = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
];
const QUESTION = 'what cat';

interface Seen {
  readonly device: string;
  readonly answers: LxmertAnswer['answers'];
  readonly boxes: number[];
  readonly objects: number[];
}

/** In the page: asks about the photo with the detector. */
const ask = (engine: string, photo: string): string => `(async () => {
  const { Lxmert } = await import('./runtime.js');
  const photo = await (await fetch('${photo}')).blob();
  const lxmert = await Lxmert.load('model', { detector: 'detector', engine: '${engine}' });
  const found = await lxmert.detectRegions(photo);
  const { answers } = await lxmert.answer(photo, '${QUESTION}');
  const { device } = lxmert.engine;
  await lxmert.dispose();
  const objects = found.regions.map(({ object }) => object.id);
  return { device, answers, boxes: [...found.row.boxes], objects };
})()`;

needing('chromium').describe('an exported detector in a browser', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'browser-detector-'));
  const at = (...names: string[]): string => path.join(folder, ...names);
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
    const photo = sharp(publishedPath('images', 'cut', 'coffee.jpg'));
    await photo.clone().png().toFile(at('photo.png'));
    // A GPU that is made of software takes its time: with less to see it is soon done.
    await photo.extract({ left: 0, top: 150, width: 500, height: 20 }).png().toFile(at('strip.png'));
    writeFileSync(at('index.html'), '<!DOCTYPE html><link rel="icon" href="data:,"><title>x</title>');
    await bundleForBrowser('src/runtime/index.ts', folder, 'runtime');
    server = await startStaticServer(folder);
  });
  afterAll(async () => {
    await server?.close();
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['wasm', 'photo.png', []],
    ['webgpu', 'strip.png', SOFTWARE_GPU],
  ] as const)(
    'finds the regions of a photo that libtorch finds, and answers from them, on %s: %s',
    async (engine, photo, flags) => {
      using expected = await Lxmert.load({
        model: at('run'),
        detector: at('small.caffemodel'),
        architecture: SMALL_DETECTOR,
      });
      const regions = await expected.detectRegions(at(photo));
      const { answers } = await expected.answer(at(photo), QUESTION);
      const browser = await launchBrowser([...flags]);
      try {
        const page = await browser.newPage();
        const { complaints } = watch(page);
        await page.goto(server.address);
        const seen = (await page.evaluate(ask(engine, photo))) as Seen;
        expect(complaints).toEqual([]);
        expect(seen.device).toBe(engine);
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
    },
  );
});
