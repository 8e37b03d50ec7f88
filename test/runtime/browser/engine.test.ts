import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchBrowser, watch } from '../../support/browser.js';
import { bundleForBrowser } from '../../support/browserBundle.js';
import { needing } from '../../support/skips.js';
import { ISOLATION, type StaticServer, startStaticServer } from '../../support/staticServer.js';

/** Chromium's own WebGPU on the processor, where there is no GPU. */
const SOFTWARE_GPU = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
];
/** y = a b + a for matrices (2, 2), written by onnx.helper (Python). */
const GRAPH =
  'CAgSADppChEKAWEKAWISAXAiBk1hdE11bAoOCgFwCgFhEgF5IgNBZGQSBXRyaWFsWhMKAWESDgoMCAESCAoCCAIKAggCWhMKAWISDgoMCAESCAoCCAIKAggCYhMKAXkSDgoMCAESCAoCCAIKAggCQgQKABAR';

interface Outcome {
  readonly info: { name: string; version: string; device: string; numThreads: number; reason: string };
  readonly y: number[];
  readonly failure?: string;
}

/** In the page: makes an engine, and runs the graph on it four times at once. */
const runGraph = (options: object, file = 'runtime.js'): string => `(async () => {
  const { browserPlatform } = await import('./${file}');
  try {
    const engine = await browserPlatform.createEngine(${JSON.stringify(options)});
    const model = Uint8Array.from(atob('${GRAPH}'), (letter) => letter.charCodeAt(0));
    const session = await engine.createSession({ model });
    const matrix = (...values) => ({ type: 'float32', data: Float32Array.from(values), dims: [2, 2] });
    const runs = [1, 2, 3, 4].map((k) => session.run({ a: matrix(k, 2, 3, 4), b: matrix(5, 6, 7, 8) }, ['y']));
    const y = (await Promise.all(runs)).flatMap(({ y }) => [...y.data]);
    await session.dispose();
    return { info: { ...engine.info }, y };
  } catch (error) {
    return { failure: error.message };
  }
})()`;
const EXPECTED = [1, 2, 3, 4].flatMap((k) => [5 * k + 14 + k, 6 * k + 16 + 2, 46, 54]);

needing('chromium').describe('the engine in a browser', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'engine-'));
  let plain: StaticServer;
  let isolated: StaticServer;
  const browsers: Browser[] = [];
  let browser: Browser;
  let withGpu: Browser;
  beforeAll(async () => {
    writeFileSync(
      path.join(folder, 'index.html'),
      '<!DOCTYPE html><link rel="icon" href="data:,"><title>x</title>',
    );
    writeFileSync(
      path.join(folder, 'worker.js'),
      `onmessage = async ({ data }) => postMessage(await eval(data));`,
    );
    await bundleForBrowser('src/runtime/browser/platform.ts', folder, 'runtime');
    [plain, isolated, browser, withGpu] = await Promise.all([
      startStaticServer(folder, { under: '/a/path/' }),
      startStaticServer(folder, { headers: ISOLATION }),
      launchBrowser(),
      launchBrowser(SOFTWARE_GPU),
    ]);
    browsers.push(browser, withGpu);
  });
  afterAll(async () => {
    for (const each of browsers) await each.close();
    await plain?.close();
    await isolated?.close();
    rmSync(folder, { recursive: true });
  });

  async function outcome(
    options: object,
    { server = plain, where = browser, inWorker = false } = {},
  ): Promise<Outcome> {
    const page = await where.newPage();
    try {
      const watched = watch(page);
      await page.goto(server.address);
      const work = runGraph(options);
      const found = await page.evaluate<Outcome>(
        inWorker
          ? `new Promise((resolve) => {
              const worker = new Worker('./worker.js', { type: 'module' });
              worker.onmessage = ({ data }) => resolve(data);
              worker.postMessage(${JSON.stringify(work)});
            })`
          : work,
      );
      expect(watched.complaints).toEqual([]);
      expect(
        watched.requests.filter((url) => !/^(blob|data):/.test(url) && !url.startsWith(server.address)),
      ).toEqual([]);
      return found;
    } finally {
      await page.close();
    }
  }

  it('computes with one thread of WebAssembly where the page is not isolated, and says so', async () => {
    const { info, y } = await outcome({});
    expect(y).toEqual(EXPECTED);
    expect(info).toEqual({
      name: 'onnxruntime-web',
      version: expect.stringMatching(/^1\.30\./),
      device: 'wasm',
      numThreads: 1,
      reason:
        'This browser finds no GPU for WebGPU. One thread, because the page is not cross-origin isolated.',
    });
  });

  it.each([false, true])('computes with threads where it is (in a worker: %s)', async (inWorker) => {
    const { info, y } = await outcome({ engine: 'wasm', numThreads: 2 }, { server: isolated, inWorker });
    expect(y).toEqual(EXPECTED);
    expect(info).toMatchObject({ device: 'wasm', numThreads: 2, reason: 'It was asked for.' });
  });

  it.each([false, true])('computes with WebGPU where it is asked for (in a worker: %s)', async (inWorker) => {
    const { info, y } = await outcome({ engine: 'webgpu' }, { where: withGpu, inWorker });
    expect(y).toEqual(EXPECTED.map((value) => expect.closeTo(value, 3)));
    expect(info).toMatchObject({ device: 'webgpu', reason: 'It was asked for.' });
  });

  it('chooses WebAssembly where WebGPU is software, the model small or its weights int8', async () => {
    const reasonOf = async (options: object): Promise<string | undefined> => {
      const { info } = await outcome(options, { where: withGpu });
      expect(info.device).toBe('wasm');
      return /^.*?\.(?= |$)/.exec(info.reason)?.[0];
    };
    expect(await reasonOf({})).toMatch(
      /^This browser's GPU is software \(.*swiftshader.*\), slower than WebAssembly\.$/,
    );
    expect(await reasonOf({ weights: { precision: 'float32', numBytes: 1e6 } })).toBe(
      'The model is small: it answers before a GPU would have started.',
    );
    expect(await reasonOf({ weights: { precision: 'int8', numBytes: 1e9 } })).toBe(
      'Weights of int8 are made for processors.',
    );
  });

  it('takes a GPU that is real for a large model, and WebAssembly where it computes wrongly or breaks', async () => {
    // The adapter of software says here that it is none; the rest is as it is.
    const pretend = `const ask = GPU.prototype.requestAdapter;
      GPU.prototype.requestAdapter = async function () {
        const adapter = await ask.call(this);
        Object.defineProperty(adapter.info, 'isFallbackAdapter', { value: false });
        return adapter;
      };`;
    const wrong = `const read = GPUBuffer.prototype.getMappedRange;
      GPUBuffer.prototype.getMappedRange = function (...words) {
        const range = read.apply(this, words);
        return this.usage & GPUBufferUsage.MAP_READ ? new ArrayBuffer(range.byteLength) : range;
      };`;
    const broken = `GPUAdapter.prototype.requestDevice = async () => { throw new Error('no device today'); };`;
    for (const [script, device, reason] of [
      [pretend, 'webgpu', /^This browser offers a GPU \(.*swiftshader.*\)\.$/],
      [
        pretend + wrong,
        'wasm',
        /^WebGPU does not work here: a product of two small matrices came out as 0, 0, 0, 0\./,
      ],
      [pretend + broken, 'wasm', /^WebGPU does not work here: its program broke off\./],
    ] as const) {
      const page = await withGpu.newPage();
      await page.addInitScript(script);
      await page.goto(plain.address);
      const found = await page.evaluate<Outcome>(
        runGraph({ weights: { precision: 'float32', numBytes: 1e9 } }),
      );
      expect(found.info.device).toBe(device);
      expect(found.info.reason).toMatch(reason);
      expect(found.y).toEqual(EXPECTED.map((value) => expect.closeTo(value, 3)));
      await page.close();
    }
  });

  it('refuses engines that it does not have', async () => {
    expect((await outcome({ engine: 'cuda' })).failure).toBe(
      "In a browser the engine is webgpu or wasm, not 'cuda'.",
    );
    expect((await outcome({ engine: 'webgpu' })).failure).toBe(
      'WebGPU was asked for, but this browser finds no GPU for WebGPU.',
    );
  });

  it('finds its files beside the script', () => {
    const names = readdirSync(path.join(folder, 'assets'));
    expect(names.filter((name) => name.endsWith('.wasm')).length).toBe(2);
  });
});
