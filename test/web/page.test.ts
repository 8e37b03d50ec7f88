/** @file The server's page in a real browser, against a real server process with a small random model. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AttentionMap } from '../../src/explain/attentionMap.js';
import type { ExplainResponse } from '../../src/serve/api.js';
import { LxmertClient } from '../../src/serve/client.js';
import { launchBrowser, type Watched, watch } from '../support/browser.js';
import { needing } from '../support/skips.js';
import { startSubpathProxy } from '../support/subpathProxy.js';
import { writeSmallRun } from '../support/tinyLxmert.js';

const folder = mkdtempSync(path.join(tmpdir(), 'page-'));
const at = (name: string): string => path.join(folder, name);
const TOKEN = 'a-token-of-some-length';
const question = 'is the cat white?';

interface Served {
  readonly address: string;
  readonly child: ChildProcess;
}

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
  return { address, child };
}

needing('chromium', 'program').describe('the page', () => {
  let browser: Browser;
  let served: Served;
  const children: ChildProcess[] = [];
  beforeAll(async () => {
    await writeSmallRun(at('first'), { featureSize: 2048, pixelRegions: { numBoxes: 6 } });
    await writeSmallRun(at('second'), { featureSize: 2048, pixelRegions: { numBoxes: 6 }, seed: 6 });
    await sharp({ create: { width: 300, height: 200, channels: 3, background: '#383' } })
      .composite([
        { input: { create: { width: 60, height: 50, channels: 3, background: '#d22' } }, left: 40, top: 30 },
      ])
      .png()
      .toFile(at('photo.png'));
    writeFileSync(at('broken.png'), readFileSync(at('photo.png')).subarray(0, 90));
    writeFileSync(at('token'), TOKEN);
    [browser, served] = await Promise.all([
      launchBrowser(),
      serve('--model', 'first', '--add-model', 'second'),
    ]);
    children.push(served.child);
  });
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
    const context = await browser.newContext(options);
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(20_000);
      const watched = watch(page);
      await page.goto(address);
      await work(page, watched);
      expect(watched.complaints).toEqual([]);
      const elsewhere = watched.requests.filter(
        (url) => !url.startsWith(address.replace(/\/$/, '')) && !url.startsWith('blob:'),
      );
      expect(elsewhere).toEqual(['data:,'].filter((url) => elsewhere.includes(url)));
    } finally {
      await context.close();
    }
  }

  const choose = (page: Page, file: string) => page.getByLabel('Picture file').setInputFiles(at(file));
  async function askAbout(page: Page, file: string): Promise<void> {
    await choose(page, file);
    await page.getByLabel('Question', { exact: true }).fill(question);
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    await page.locator('.explanation').waitFor();
  }
  const expected = async (model?: string, method?: 'removal'): Promise<ExplainResponse> =>
    await new LxmertClient(served.address).explain(readFileSync(at('photo.png')), question, {
      ...(model ? { model } : {}),
      ...(method ? { method } : {}),
    });
  const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;

  /** One row of a map, the mean of its heads or one of them; read here once more, apart from the page's reader. */
  function rowOf(
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

  it('detects the regions of an uploaded picture, and answers with what counted', async () => {
    await visit(async (page) => {
      await choose(page, 'photo.png');
      await page.getByRole('heading', { name: '6 regions were found' }).waitFor();
      expect(await page.locator('.seen rect').count()).toBe(6);
      await page.getByLabel('Question', { exact: true }).fill(question);
      await page.getByRole('button', { name: 'Ask', exact: true }).click();
      const { answers, relevance } = await expected();
      await page.locator('.explanation').waitFor();
      expect(await page.locator('.bars .answer').allTextContents()).toEqual(
        answers.map(({ answer }) => answer),
      );
      expect(await page.locator('.bars .number').allTextContents()).toEqual(
        answers.map(({ probability }) => percent(probability)),
      );
      const shares = [...relevance[0]!.regions].sort((a, b) => b - a);
      const shown = await page.locator('.regions .value').allTextContents();
      expect(shown.map((text) => Number.parseFloat(text))).toEqual(
        shares.map((share) => expect.closeTo(100 * share, 0)),
      );
      // Another answer can be asked about.
      await page.locator('.bars button').nth(1).click();
      expect(await page.locator('.explanation > .reading').textContent()).toContain(
        `For "${answers[1]!.answer}"`,
      );
    });
  });

  it('shows every layer and head, in both directions', async () => {
    const { layers, words } = await expected();
    await visit(async (page) => {
      await askAbout(page, 'photo.png');
      await page.getByLabel('Show').selectOption({ value: '0' });
      await page.getByLabel('Head').selectOption({ value: '1' });
      await page.getByRole('button', { name: 'cat', exact: true }).click();
      const ofCat = rowOf(layers[0]!.wordsOnRegions, words.indexOf('cat'), 1);
      const values = await page.locator('.regions .value').allTextContents();
      expect(values).toEqual([...ofCat].sort((a, b) => b - a).map(percent));
      await page.getByLabel('Show').selectOption({ value: '1' });
      await page.getByLabel('Head').selectOption({ value: 'mean' });
      await page.getByRole('button', { name: /^region 4/ }).click();
      expect(await page.getByLabel('a region on the words').isChecked()).toBe(true);
      const ofRegion = rowOf(layers[1]!.regionsOnWords, 3);
      const titles = await page
        .locator('.chips button')
        .evaluateAll((chips) => chips.map((chip) => chip.getAttribute('title')));
      expect(titles).toEqual(ofRegion.map(percent));
      const best = words[ofRegion.indexOf(Math.max(...ofRegion))];
      expect(await page.locator('.explanation > .reading').textContent()).toContain(
        `region 4 looks most at "${best}"`,
      );
    });
  });

  it('asks for what the answer is without each part when that is to be shown', async () => {
    const { removal, answers } = await expected(undefined, 'removal');
    const name = answers[0]?.answer;
    await visit(async (page, { requests }) => {
      await askAbout(page, 'photo.png');
      // The other tab's questions are kept, and not seen.
      expect(await page.getByLabel('First question').isVisible()).toBe(false);
      const numAsked = () => requests.filter((url) => url.endsWith('/v1/explain')).length;
      expect(numAsked()).toBe(1);
      await page.getByLabel('Show').selectOption({ value: 'removal' });
      const reading = page.locator('.explanation > .reading');
      await reading.filter({ hasText: `"${name}" loses most without` }).waitFor();
      await page.getByRole('button', { name: 'cat', exact: true }).click();
      const cat = removal?.words.find(({ word }) => word === 'cat');
      expect(await reading.textContent()).toContain(
        `Without "cat", "${name}" is at ${percent(cat?.probabilities[0] ?? 0)}`,
      );
      await page.getByRole('button', { name: /^region 4/ }).click();
      expect(await reading.textContent()).toContain(
        `Without region 4, "${name}" is at ${percent(removal?.regions[3]?.probabilities[0] ?? 0)}`,
      );
      // And back, without asking again.
      await page.getByLabel('Show').selectOption({ value: 'relevance' });
      expect(await reading.textContent()).toContain(`For "${name}" counted most`);
      await page.getByLabel('Show').selectOption({ value: 'removal' });
      expect(numAsked()).toBe(2);
    });
  });

  it('works by keyboard alone', async () => {
    await visit(async (page) => {
      await page.getByRole('button', { name: 'Sample scene 1' }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'regions were found' }).waitFor();
      const focused = () =>
        page.evaluate('document.activeElement.textContent || document.activeElement.type');
      // From the scenes to the question: five more scenes, the chosen tab.
      for (let i = 0; i < 20 && (await focused()) !== 'text'; i++) await page.keyboard.press('Tab');
      await page.keyboard.type(question);
      await page.keyboard.press('Enter');
      await page.locator('.explanation').waitFor();
      await page.getByRole('application').focus();
      const reading = page.locator('.scroll .reading');
      expect(await reading.textContent()).toMatch(/^"\[CLS\]" and /);
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowUp');
      expect(await reading.textContent()).toMatch(/^"is" and /);
      await page.getByRole('tab', { name: 'Ask' }).focus();
      await page.keyboard.press('ArrowRight');
      expect(await page.getByRole('tab', { name: 'Compare' }).getAttribute('aria-selected')).toBe('true');
      expect(await focused()).toBe('Compare');
    });
  });

  it('compares two questions, or two models', async () => {
    const [first, second] = [await expected(), await expected('second')];
    expect(first.answers).not.toEqual(second.answers);
    await visit(async (page) => {
      await choose(page, 'photo.png');
      await page.getByRole('tab', { name: 'Compare' }).click();
      await page.getByLabel('First question').fill(question);
      await page.getByLabel('Second question').fill(question);
      await page.getByRole('button', { name: 'Compare', exact: true }).click();
      await page.locator('.sides .explanation').nth(1).waitFor();
      for (const [side, { answers }] of [first, second].entries()) {
        const shown = page.locator('.sides > div').nth(side).locator('.bars .number');
        expect(await shown.allTextContents()).toEqual(answers.map(({ probability }) => percent(probability)));
      }
      // One choice of layer for both.
      await page.getByLabel('Show').selectOption({ value: '1' });
      expect(await page.locator('.explanation > .reading').allTextContents()).toEqual([
        expect.stringContaining('"[CLS]" looks most at'),
        expect.stringContaining('"[CLS]" looks most at'),
      ]);
    });
  });

  it('takes a picture that is dropped on it', async () => {
    await visit(async (page) => {
      const bytes = readFileSync(at('photo.png')).toString('base64');
      await page.getByRole('group', { name: 'Picture' }).waitFor();
      await page.evaluate(`(() => {
        const bytes = Uint8Array.from(atob('${bytes}'), (character) => character.charCodeAt(0));
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([bytes], 'dropped.png', { type: 'image/png' }));
        document.querySelector('.drop').dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
      })()`);
      await page.getByText('dropped.png', { exact: true }).waitFor();
      await page.getByRole('heading', { name: '6 regions were found' }).waitFor();
    });
  });

  it('says what is wrong, and goes on', async () => {
    const own = await serve('--model', 'first');
    children.push(own.child);
    await visit(
      async (page) => {
        await choose(page, 'broken.png');
        expect(await page.getByRole('alert').textContent()).toMatch(
          /cannot be (read|decoded)|not a|cut short|broken|ends/i,
        );
        await choose(page, 'photo.png');
        await page.getByRole('heading', { name: '6 regions were found' }).waitFor();
        expect(await page.getByRole('alert').count()).toBe(0);
        await page.getByRole('button', { name: 'Ask', exact: true }).click();
        expect(await page.getByRole('alert').textContent()).toBe('Write a question first.');
        own.child.kill('SIGKILL');
        await page.getByLabel('Question', { exact: true }).fill(question);
        await page.getByRole('button', { name: 'Ask', exact: true }).click();
        await page.getByText('The server cannot be reached').waitFor();
      },
      { address: own.address },
    );
  });

  it('asks for the token of a server that wants one', async () => {
    const own = await serve('--model', 'first', '--token-file', 'token');
    children.push(own.child);
    await visit(
      async (page) => {
        const field = page.getByLabel('This server asks for a token');
        await field.fill('a-wrong-token-of-some-length');
        await page.getByRole('button', { name: 'Go on' }).click();
        await page.getByText('does not know this token').waitFor();
        await field.fill(TOKEN);
        await page.getByRole('button', { name: 'Go on' }).click();
        await askAbout(page, 'photo.png');
      },
      { address: own.address },
    );
  });

  it.each([
    ['light', 'light'],
    ['dark', 'dark'],
  ] as const)('fits a phone, %s', async (_, colorScheme) => {
    await visit(
      async (page) => {
        await askAbout(page, 'photo.png');
        expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
        const paper = await page.evaluate('getComputedStyle(document.body).backgroundColor');
        expect(paper === 'rgb(250, 249, 246)').toBe(colorScheme === 'light');
      },
      { viewport: { width: 360, height: 740 }, colorScheme },
    );
  });

  it.each([
    ['takes the path off', { path: '/vqa', strips: true, says: false }, '/'],
    ['leaves it on and says it', { path: '/vqa', strips: false, says: true }, ''],
  ] as const)('works under a path of a proxy that %s', async (_, options, ending) => {
    const proxy = await startSubpathProxy(served.address, options);
    try {
      await visit(
        async (page) => {
          await askAbout(page, 'photo.png');
          expect(await page.locator('.unloaded').isVisible()).toBe(false);
          await page.getByRole('link', { name: 'The API' }).click();
          await page.getByText('/v1/models').first().click();
          await page.getByRole('button', { name: 'Try it out' }).click();
          await page.getByRole('button', { name: 'Execute' }).click();
          await page.locator('.live-responses-table .response').first().waitFor();
          expect(await page.locator('.request-url').textContent()).toContain(`${proxy.address}/v1/models`);
        },
        { address: `${proxy.address}${ending}` },
      );
    } finally {
      proxy.close();
    }
  });

  it('has a page for the API', async () => {
    await visit(
      async (page) => {
        await page.getByText('/v1/explain').first().click();
        await page.getByRole('button', { name: 'Try it out' }).waitFor();
      },
      { address: `${served.address}/docs/` },
    );
  });
});
