/** @file What tests of the server's page share: one server with two small random models, one browser. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import type { AttentionMap } from '../../src/explain/attentionMap.js';
import type { ExplainResponse } from '../../src/serve/api.js';
import { LxmertClient } from '../../src/serve/client.js';
import { launchBrowser, type Watched } from '../support/browser.js';
import { writeSmallRun } from '../support/tinyLxmert.js';
import { visitPage, writePhotos } from './visits.js';

export const TOKEN = 'a-token-of-some-length';
export const question = 'is the cat white?';
export const percent = (value: number): string => `${(100 * value).toFixed(1)}\u00a0%`;

/** One row of a map, the mean of its heads or one of them; read here once more, apart from the page's reader. */
export function rowOf(
  { numHeads, numRows, numColumns, values }: AttentionMap,
  row: number,
  head?: number,
): number[] {
  const numbers = new Uint16Array(new Uint8Array(Buffer.from(values, 'base64')).buffer);
  const heads = head === undefined ? Array.from({ length: numHeads }, (_, i) => i) : [head];
  return Array.from(
    { length: numColumns },
    (_, k) =>
      heads.reduce((sum, h) => sum + (numbers[(h * numRows + row) * numColumns + k] ?? 0) / 65535, 0) /
      heads.length,
  );
}

interface Served {
  readonly address: string;
  readonly child: ChildProcess;
}

export type PageHarness = ReturnType<typeof pageHarness>;

/** Starts both before the tests of the group that it is called in. */
export function pageHarness() {
  const folder = mkdtempSync(path.join(tmpdir(), 'page-'));
  const at = (name: string): string => path.join(folder, name);
  async function serve(...words: string[]): Promise<Served> {
    const child = spawn(
      process.execPath,
      [path.resolve('dist/src/cli/main.js'), 'serve', '--port', '0', ...words],
      { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let said = '';
    const address = await new Promise<string>((resolve, reject) => {
      child.stderr?.on('data', (text: Buffer) => {
        said += text.toString();
        const found = /Open (http:\S+) in/.exec(said)?.[1];
        if (found !== undefined) resolve(found);
      });
      child.once('exit', () => reject(new Error(said)));
    });
    children.push(child);
    return { address, child };
  }

  let browser: Browser;
  let served: Served;
  const children: ChildProcess[] = [];
  beforeAll(async () => {
    await writeSmallRun(at('first'), { featureSize: 2048, pixelRegions: { numBoxes: 6 } });
    await writeSmallRun(at('second'), { featureSize: 2048, pixelRegions: { numBoxes: 6 }, seed: 6 });
    await writePhotos(at);
    writeFileSync(at('token'), TOKEN);
    [browser, served] = await Promise.all([
      launchBrowser(),
      serve('--model', 'first', '--add-model', 'second'),
    ]);
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  /** Opens a page; afterwards nothing may have complained, and no request gone elsewhere. */
  async function visit(
    work: (page: Page, watched: Watched) => Promise<void>,
    { address = served.address, ...options }: BrowserContextOptions & { address?: string } = {},
  ): Promise<void> {
    const requests = await visitPage(browser, { address, timeout: 20_000, ...options }, work);
    const elsewhere = requests.filter(
      (url) => !url.startsWith(address.replace(/\/$/, '')) && !url.startsWith('blob:'),
    );
    expect(elsewhere).toEqual(['data:,'].filter((url) => elsewhere.includes(url)));
  }

  const choose = (page: Page, file: string) => page.getByLabel('Picture file').setInputFiles(at(file));
  async function askAbout(page: Page, file: string): Promise<void> {
    await choose(page, file);
    await page.getByText(`regions were found in ${file}`).waitFor({ state: 'attached' });
    await ask(page);
  }
  async function ask(page: Page, asked = question): Promise<void> {
    await page.getByLabel('Question', { exact: true }).fill(asked);
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    await expect.poll(() => page.title()).toContain(asked);
    await page.locator('.regions .change').first().waitFor();
  }
  const expected = async (model?: string, method?: 'removal'): Promise<ExplainResponse> =>
    await new LxmertClient(served.address).explain(readFileSync(at('photo.png')), question, {
      ...(model ? { model } : {}),
      ...(method ? { method } : {}),
    });

  return {
    folder,
    at,
    serve,
    visit,
    choose,
    ask,
    askAbout,
    expected,
    /** Of the server that all share. */
    get address() {
      return served.address;
    },
  };
}
