import { createHash } from 'node:crypto';
import { getEventListeners } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { fetchedFolder } from '../../../src/runtime/browser/fetchedFolder.js';
import { launchBrowser } from '../../support/browser.js';
import { bundleForBrowser } from '../../support/browserBundle.js';
import { needing } from '../../support/skips.js';
import { type StaticServer, startStaticServer } from '../../support/staticServer.js';

const weights = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 251));
const facts = (bytes: Buffer) => ({
  numBytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
});

needing('chromium').describe('an exported folder at an address', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'fetched-'));
  const at = (name: string): string => path.join(folder, name);
  let browser: Browser;
  let server: StaticServer;
  let page: Page;
  beforeAll(async () => {
    writeFileSync(at('index.html'), '<!DOCTYPE html><link rel="icon" href="data:,"><title>x</title>');
    mkdirSync(at('model/onnx'), { recursive: true });
    writeFileSync(at('model/vocab.txt'), '[PAD]\n');
    [browser, server] = await Promise.all([
      launchBrowser(),
      startStaticServer(folder, { under: '/under/' }),
      bundleForBrowser('src/runtime/browser/platform.ts', folder, 'runtime'),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(async () => {
    writeFileSync(at('model/onnx/model.onnx'), weights);
    page = await (await browser.newContext()).newPage();
    await page.goto(server.address);
    server.requests.length = 0;
    return async () => await page.context().close();
  });

  interface Outcome {
    readonly failure?: string;
    readonly sum?: number;
    readonly told?: number[];
    readonly text?: string | null;
  }
  /** Runs the body of a function with `folder`, that of the model unless told otherwise. */
  const inPage = (body: string, source = './model/'): Promise<Outcome> =>
    page.evaluate(`(async () => {
      const { browserPlatform } = await import('./runtime.js');
      try {
        const folder = await browserPlatform.openFolder('${source}', {});
        ${body}
      } catch (error) {
        return { failure: error.message };
      }
    })()`);
  const readWeights = (expected = facts(weights)): Promise<Outcome> =>
    inPage(`
      const told = [];
      const bytes = await folder.readLarge('onnx/model.onnx', ${JSON.stringify(expected)}, {
        asPath: false, onBytes: (numBytes) => told.push(numBytes),
      });
      return { sum: bytes.reduce((sum, byte) => sum + byte, 0), told };
    `);
  const sum = weights.reduce((total, byte) => total + byte, 0);
  const url = (): string => `${server.address}model/onnx/model.onnx`;
  const numLoads = (): number => server.requests.filter((each) => each.endsWith('.onnx')).length;

  it('tells how far it is, and loads the file once', async () => {
    const { sum: found, told = [] } = await readWeights();
    expect(found).toBe(sum);
    expect(told.at(-1)).toBe(weights.length);
    expect([...told].sort((a, b) => a - b)).toEqual(told);
    await page.reload();
    expect(await readWeights()).toEqual({ sum, told: [weights.length] });
    expect(numLoads()).toBe(1);
  });

  it('loads again what was changed where it is kept', async () => {
    await readWeights();
    const numKept = await page.evaluate(`(async () => {
      const cache = await caches.open('lxmert-weights-1');
      const [key] = await cache.keys();
      await cache.put(key, new Response(new Uint8Array(${weights.length})));
      return (await cache.keys()).length;
    })()`);
    expect(numKept).toBe(1);
    expect((await readWeights()).sum).toBe(sum);
    expect(numLoads()).toBe(2);
  });

  it('keeps the newest file of an address alone', async () => {
    await readWeights();
    const other = Buffer.from(weights.subarray(7));
    writeFileSync(at('model/onnx/model.onnx'), other);
    await readWeights(facts(other));
    expect(
      await page.evaluate(
        `caches.open('lxmert-weights-1').then((cache) => cache.keys()).then((keys) => keys.length)`,
      ),
    ).toBe(1);
  });

  it('refuses what was cut, changed, is missing or another file', async () => {
    writeFileSync(at('model/onnx/model.onnx'), weights.subarray(0, 1000));
    expect((await readWeights()).failure).toBe(
      `${url()} has 1000 bytes, where the manifest beside it says 300000: it was cut short. Copy or download the folder again.`,
    );
    const changed = Buffer.from(weights);
    changed[5] = 255;
    writeFileSync(at('model/onnx/model.onnx'), changed);
    expect((await readWeights()).failure).toBe(
      `${url()} was changed after the export: its SHA-256 should be ${facts(weights).sha256}, and is ${facts(changed).sha256}. Copy or download the folder again.`,
    );
    writeFileSync(at('model/onnx/model.onnx'), Buffer.concat([weights, weights]));
    expect((await readWeights()).failure).toContain('it is another file.');
    rmSync(at('model/onnx/model.onnx'));
    expect((await readWeights()).failure).toBe(
      `There is no ${url()}, although the manifest of the folder names it. Copy or download the whole folder again.`,
    );
  });

  it('reads small files, and says which there are none of', async () => {
    const read = (name: string, maxBytes = 100) =>
      inPage(`const bytes = await folder.read('${name}', ${maxBytes});
        return { text: bytes === undefined ? null : new TextDecoder().decode(bytes) };`);
    expect(await read('vocab.txt')).toEqual({ text: '[PAD]\n' });
    expect(await read('nothing.txt')).toEqual({ text: null });
    expect((await read('vocab.txt', 3)).failure).toBe(
      `${server.address}model/vocab.txt is larger than 3 bytes, so it is no file of an exported model.`,
    );
  });

  it('says when a server cannot be reached, or an address is none', async () => {
    const read = `return { text: String(await folder.read('vocab.txt', 100)) };`;
    expect((await inPage(read, 'http://127.0.0.1:1/model')).failure).toMatch(
      /^http:\/\/127\.0\.0\.1:1\/model\/vocab\.txt cannot be fetched: .*Is there a connection, and may this page read from that server\?$/,
    );
    expect((await inPage(read, 'ftp://somewhere/model')).failure).toBe(
      "'ftp://somewhere/model' should be the address of a folder on a web server (https:).",
    );
    expect((await inPage(read, 'file:///tmp/model')).failure).toMatch(
      /^A page that was opened as a file cannot fetch/,
    );
  });

  it('checks files without a secure context too, where nothing is kept', async () => {
    // As a page over plain HTTP of another machine has it.
    await page.addInitScript(`
      Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined });
      delete globalThis.caches; Object.defineProperty(globalThis, 'caches', { value: undefined });`);
    await page.reload();
    expect((await readWeights()).sum).toBe(sum);
    expect((await readWeights({ ...facts(weights), sha256: '0'.repeat(64) })).failure).toContain(
      `its SHA-256 should be ${'0'.repeat(64)}, and is ${facts(weights).sha256}`,
    );
    expect(numLoads()).toBe(2);
  });
});

it('a file that breaks off or is too large leaves nothing at the signal', async () => {
  const { signal } = new AbortController();
  const bodies = [
    new ReadableStream({ pull: (body) => body.error(new Error('cut')) }),
    new Blob(['more than four bytes']).stream(),
  ];
  vi.stubGlobal('fetch', async () => new Response(bodies.shift()!));
  try {
    const folder = fetchedFolder('http://localhost/model', { cache: false, signal });
    await expect(folder.read('vocab.txt', 4)).rejects.toThrow('broke off after 0 bytes: cut');
    await expect(folder.read('vocab.txt', 4)).rejects.toThrow('is larger than 4 bytes');
  } finally {
    vi.unstubAllGlobals();
  }
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
