/** @file A front-end that is built by Vite of the package's own files, and answers in a real browser. */

import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Lxmert } from '../../src/api/index.js';
import { exportModel } from '../../src/export/index.js';
import { drawSamples } from '../../src/serve/samples.js';
import { launchBrowser, watch } from '../support/browser.js';
import { needing } from '../support/skips.js';
import { ISOLATION, startStaticServer } from '../support/staticServer.js';
import { writeSmallRun } from '../support/tinyLxmert.js';

const question = 'is the cat white?';
/** What a user writes: in the page, and the same in a worker. */
const SCRIPT = `
import { Lxmert } from 'lxmert/runtime';

async function answer() {
  const lxmert = await Lxmert.load(new URL('./model', document.baseURI).href);
  const picture = await (await fetch('./scene.png')).blob();
  const { answers } = await lxmert.answer(picture, '${question}');
  return { answers, engine: { ...lxmert.engine } };
}
globalThis.answered = answer();

const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
globalThis.answeredByWorker = new Promise((resolve) => { worker.onmessage = ({ data }) => resolve(data); });
worker.postMessage(new URL('./', document.baseURI).href);
`;
const WORKER = `
import { Lxmert } from 'lxmert/runtime';

onmessage = async ({ data: base }) => {
  const lxmert = await Lxmert.load(base + 'model');
  const picture = await (await fetch(base + 'scene.png')).blob();
  postMessage(await lxmert.answer(picture, '${question}'));
};
`;

interface Answered {
  readonly answers: readonly { readonly answer: string; readonly probability: number }[];
  readonly engine: { readonly device: string };
}

needing('chromium', 'program').describe('lxmert/runtime in a bundle', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'bundle-'));
  const at = (name: string): string => path.join(folder, name);
  beforeAll(async () => {
    await writeSmallRun(at('run'), { featureSize: 2048, pixelRegions: { numBoxes: 6 } });
    mkdirSync(at('app/public'), { recursive: true });
    mkdirSync(at('app/node_modules'));
    symlinkSync(path.resolve('.'), at('app/node_modules/lxmert'), 'dir');
    await exportModel({ source: { model: at('run') }, out: at('app/public/model'), precision: 'float32' });
    const scene = (await drawSamples()).get('scene-1');
    writeFileSync(at('app/public/scene.png'), scene?.png ?? '');
    writeFileSync(
      at('app/index.html'),
      '<!DOCTYPE html><link rel="icon" href="data:,"><script type="module" src="./main.js"></script>',
    );
    writeFileSync(at('app/main.js'), SCRIPT);
    writeFileSync(at('app/worker.js'), WORKER);
    await build({
      configFile: false,
      logLevel: 'error',
      root: at('app'),
      base: './',
      // What docs/how-to/anywhere.md says of Vite.
      worker: { format: 'es' },
      build: { outDir: at('built') },
    });
  }, 240_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['with one thread', {}],
    ['with the threads of an isolated page', ISOLATION],
  ])(
    'answers in a page and in a worker as libtorch does, with files of the bundle alone, %s',
    async (_, headers) => {
      using model = await Lxmert.load({ model: at('run') });
      const { answers } = await model.answer(at('app/public/scene.png'), question);
      const expected = answers.map(({ answer, probability }) => ({
        answer,
        probability: expect.closeTo(probability, 4),
      }));
      const server = await startStaticServer(at('built'), { under: '/app/', headers });
      const browser = await launchBrowser();
      try {
        const page = await browser.newPage();
        const watched = watch(page);
        await page.goto(server.address);
        const found = await page.evaluate<Answered>('answered');
        expect(found.answers).toEqual(expected);
        expect(found.engine.device).toBe('wasm');
        expect((await page.evaluate<Answered>('answeredByWorker')).answers).toEqual(expected);
        expect(watched.complaints).toEqual([]);
        expect(
          watched.requests.filter((url) => !url.startsWith(server.address) && !url.startsWith('data:')),
        ).toEqual([]);
      } finally {
        await browser.close();
        await server.close();
      }
    },
    240_000,
  );

  it('holds nothing of Node.js, sharp or libtorch', () => {
    const scripts = readdirSync(at('built/assets')).filter((name) => name.endsWith('.js'));
    expect(scripts.length).toBeGreaterThan(0);
    const wasm = readdirSync(at('built/assets')).filter((name) => name.endsWith('.wasm'));
    expect(wasm.some((name) => name.startsWith('ort-wasm-simd-threaded'))).toBe(true);
  });
});
