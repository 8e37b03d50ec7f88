/** @file The page without a server in a real browser, behind a plain static server, with a small random model. */

import { execFile } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { explain, Lxmert } from '../../src/api/index.js';
import { exportDetector } from '../../src/export/index.js';
import { decodeImage } from '../../src/vision/decodeImage.js';
import { RegionDetector } from '../../src/vision/detector/index.js';
import { violationsOf } from '../support/axe.js';
import { launchBrowser, type Watched, watch } from '../support/browser.js';
import { needing } from '../support/skips.js';
import { ISOLATION, type StaticServer, startStaticServer } from '../support/staticServer.js';
import { SMALL_DETECTOR, writeSmallDetector, writeSmallRun } from '../support/tinyLxmert.js';
import { takeAwayAndComeBack, visitPage, writePhotos } from './visits.js';

const folder = mkdtempSync(path.join(tmpdir(), 'site-'));
const at = (name: string): string => path.join(folder, name);
const question = 'is the cat white?';
const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
const SOFTWARE_GPU = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
];

async function lxmert(...words: string[]): Promise<string> {
  const program = path.resolve('dist/src/cli/main.js');
  return (await promisify(execFile)(process.execPath, [program, ...words], { cwd: folder })).stdout;
}

needing('chromium', 'program').describe('the site', () => {
  let browser: Browser;
  let server: StaticServer;
  beforeAll(async () => {
    await writeSmallRun(at('run'), { featureSize: 2048, pixelRegions: { numBoxes: 6 } });
    await writePhotos(at);
    [browser] = await Promise.all([
      launchBrowser(),
      lxmert('export', 'site', '--model', 'run', '--out', 'site', '--title', 'Cats & <b>dogs</b>'),
    ]);
    server = await startStaticServer(at('site'), { under: '/some/path/' });
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true });
  });

  /** Opens the site; afterwards nothing may have complained, and no request gone elsewhere. */
  async function visit(
    work: (page: Page, watched: Watched) => Promise<void>,
    {
      from = server,
      where = browser,
      ...options
    }: BrowserContextOptions & { from?: StaticServer; where?: Browser } = {},
  ): Promise<void> {
    const requests = await visitPage(where, { address: from.address, timeout: 40_000, ...options }, work);
    const elsewhere = requests.filter((url) => !url.startsWith(from.address) && !/^(blob|data):/.test(url));
    expect(elsewhere).toEqual([]);
  }

  const choose = (page: Page, file: string) => page.getByLabel('Picture file').setInputFiles(at(file));
  async function askAbout(page: Page, file: string): Promise<void> {
    await choose(page, file);
    await page.getByText(`regions were found in ${file}`).waitFor({ state: 'attached' });
    await ask(page, question);
  }
  async function ask(page: Page, asked: string): Promise<void> {
    await page.getByLabel('Question', { exact: true }).fill(asked);
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    await page.locator('.explanation').waitFor();
  }
  const shownAnswers = async (page: Page): Promise<[string, number][]> => {
    const names = await page.locator('.bars .answer').allTextContents();
    const numbers = await page.locator('.bars .number').allTextContents();
    return names.map((name, i) => [name, Number.parseFloat(numbers[i] ?? '')]);
  };
  /** What libtorch answers about the same file, in percent. */
  async function expectedAnswers(): Promise<[string, number][]> {
    using model = await Lxmert.load({ model: at('run') });
    const { answers } = await model.answer(at('photo.png'), question);
    return answers.map(({ answer, probability }) => [answer, Number.parseFloat(percent(probability))]);
  }
  const close = (answers: [string, number][]) =>
    answers.map(([answer, share]) => [answer, expect.closeTo(share, 0)]);
  const engineText = (page: Page) => page.locator('.engine [role=status]').textContent();

  it('answers as libtorch does, in a browser alone, under any path', async () => {
    await visit(async (page) => {
      await askAbout(page, 'photo.png');
      expect(await shownAnswers(page)).toEqual(close(await expectedAnswers()));
      expect(await page.title()).toMatch(
        new RegExp(`^${question.replace('?', '\\?')} .* - Cats & <b>dogs</b>$`),
      );
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Cats & <b>dogs</b>');
      expect(await engineText(page)).toMatch(
        /^Computed by onnxruntime-web 1\.30\.\S+ with WebAssembly, one thread\. The model is small: .*One thread, because/,
      );
    });
  });

  it('shows what the answer is without each word and region, as libtorch computes it', async () => {
    using model = await Lxmert.load({ model: at('run') });
    const { answers, removal } = await explain(model, at('photo.png'), question, { method: 'removal' });
    const changes = (removal?.regions ?? []).map((without) => 100 * (without?.changes[0] ?? 0));
    await visit(async (page) => {
      await askAbout(page, 'photo.png');
      const values = page.locator('.regions .change');
      await expect.poll(async () => (await values.allTextContents()).join('')).toMatch(/\d/);
      const shown = await page
        .locator('.regions button')
        .evaluateAll((buttons) =>
          buttons.map((button) => [
            button.getAttribute('data-region'),
            button.querySelector('.change')?.textContent ?? '',
          ]),
        );
      expect(shown.length).toBe(6);
      for (const [region, text] of shown) {
        const found = Number.parseFloat((text ?? '').replace('\u2212', '-').replace(/^.*(, |it )/, ''));
        expect(found).toBeCloseTo(changes[Number(region)] as number, 0);
      }
      expect(await page.locator('.explanation > .reading').textContent()).toContain(
        `"${answers[0]?.answer}"`,
      );
      // The run was exported with its attention.
      await page.getByText('Details').click();
      await page.getByLabel('Show').selectOption({ value: '1' });
      expect(await page.locator('.explanation > .reading').textContent()).toMatch(
        /looks most at|spread evenly/,
      );
    });
  });

  it('uses threads where the host isolates its pages', async () => {
    const isolated = await startStaticServer(at('site'), { headers: ISOLATION });
    try {
      await visit(
        async (page) => {
          expect(await page.evaluate('crossOriginIsolated')).toBe(true);
          await askAbout(page, 'photo.png');
          expect(await shownAnswers(page)).toEqual(close(await expectedAnswers()));
          const numThreads = Math.min(8, await page.evaluate<number>('navigator.hardwareConcurrency'));
          if (numThreads > 1) expect(await engineText(page)).toMatch(/with WebAssembly, \d threads\./);
        },
        { from: isolated },
      );
    } finally {
      await isolated.close();
    }
  });

  it('offers scenes with questions, and knows the right answers', async () => {
    await visit(async (page) => {
      await page.getByText('6 regions were found in scene-1').waitFor({ state: 'attached' });
      await page
        .getByRole('button', { name: /^Sample: / })
        .nth(1)
        .click();
      await page.getByText('6 regions were found in scene-2').waitFor({ state: 'attached' });
      await page.locator('.suggestions button').first().click();
      await page.locator('.explanation .verdict').waitFor();
      expect(await page.locator('.verdict').textContent()).toMatch(/^(right|expected: )/);
    });
  });

  it('works without a connection after the first visit', async () => {
    const own = await startStaticServer(at('site'));
    await visit(
      async (page, watched) => {
        await askAbout(page, 'photo.png');
        const expected = await shownAnswers(page);
        await page.evaluate('navigator.serviceWorker.ready');
        const before = own.requests.filter((each) => /\.(onnx|packed)$/.test(each));
        await page.reload();
        await askAbout(page, 'photo.png');
        // What is large came once.
        expect(own.requests.filter((each) => /\.(onnx|packed)$/.test(each))).toEqual(before);
        await own.close();
        await page.reload();
        await askAbout(page, 'photo.png');
        expect(await shownAnswers(page)).toEqual(expected);
        await page
          .getByRole('button', { name: /^Sample: / })
          .nth(4)
          .click();
        await page.getByText('6 regions were found in scene-5').waitFor({ state: 'attached' });
        // The browser asks for a newer service worker itself.
        watched.complaints.length = 0;
      },
      { from: own },
    );
  });

  it('opens on an answered scene, leads back to it, and keeps what was asked', async () => {
    await visit(async (page) => {
      await page.locator('.regions .change').first().waitFor();
      expect(await page.locator('.verdict.right, .verdict.wrong').count()).toBe(1);
      const asked = (await page.locator('.suggestions button').nth(1).textContent()) ?? '';
      await page.locator('.suggestions button').nth(1).click();
      await expect.poll(() => page.title()).toContain(asked);
      await page.locator('.regions .change').first().waitFor();
      await takeAwayAndComeBack(page, asked);
      await askAbout(page, 'photo.png');
      await page.getByText('This model knows drawn shapes alone').waitFor();
      // A picture of the visitor's own is in no address, but among what was asked before.
      expect(new URL(page.url()).hash).toBe('');
      expect(await page.locator('.earlier button').allTextContents()).toEqual([
        expect.stringContaining(question),
        expect.stringContaining(asked),
      ]);
      await page.locator('.earlier button').last().click();
      await page.getByText('6 regions were found in scene-1').waitFor({ state: 'attached' });
    });
  });

  it('saves an explanation as one file without a connection, and copies what asks again', async () => {
    const own = await startStaticServer(at('site'));
    await visit(
      async (page, watched) => {
        await page.locator('.regions .change').first().waitFor();
        await page.evaluate('navigator.serviceWorker.ready');
        await page.reload();
        await page.locator('.regions .change').first().waitFor();
        await own.close();
        const asked = await page.getByLabel('Question', { exact: true }).inputValue();
        const download = page.waitForEvent('download');
        await page.getByRole('button', { name: 'Save this explanation' }).click();
        await (await download).saveAs(at('saved.html'));
        const rows = await page.locator('.regions').allInnerTexts();
        const saved = await page.context().newPage();
        const { complaints, requests } = watch(saved);
        await saved.goto(pathToFileURL(at('saved.html')).href);
        await saved.locator('.regions .change').first().waitFor();
        expect(await saved.locator('.regions').allInnerTexts()).toEqual(rows);
        const command = `lxmert explain --sample 1 '${asked}' --model 'run' --output explanation.html`;
        expect(await saved.locator('code').textContent()).toBe(command);
        expect(await saved.locator('header').textContent()).toMatch(
          /Picture scene-1, model run, LXMERT \d\S+, 20\d\d-/,
        );
        expect(await violationsOf(saved)).toEqual([]);
        expect(complaints).toEqual([]);
        expect(requests.filter((url) => !/^(file|data|blob):/.test(url))).toEqual([]);
        await page.getByRole('button', { name: 'command line' }).click();
        expect(await page.locator('.keep pre').textContent()).toBe(command);
        await page.getByRole('button', { name: 'JavaScript' }).click();
        expect(await page.locator('.keep pre').textContent()).toContain(
          `Lxmert.load(${JSON.stringify(`${own.address}model`)})`,
        );
        watched.complaints.length = 0;
      },
      { from: own },
    );
  });

  it('takes up a newer export, and removes what it kept of the older one', async () => {
    cpSync(at('site'), at('renewed'), { recursive: true });
    const own = await startStaticServer(at('renewed'));
    const cacheNames = (page: Page) =>
      page.evaluate<string[]>(
        `caches.keys().then((names) => names.filter((name) => name.startsWith('lxmert-site')))`,
      );
    try {
      await visit(
        async (page) => {
          await askAbout(page, 'photo.png');
          await page.evaluate('navigator.serviceWorker.ready');
          const [old, ...others] = await cacheNames(page);
          expect(others).toEqual([]);
          await lxmert('export', 'site', '--model', 'run', '--out', 'renewed', '--title', 'Renewed');
          await page.evaluate('navigator.serviceWorker.ready.then((found) => found.update())');
          await expect.poll(() => cacheNames(page)).not.toContain(old);
          await page.reload();
          await page.getByRole('heading', { name: 'Renewed' }).waitFor();
          expect(await cacheNames(page)).toHaveLength(1);
          await askAbout(page, 'photo.png');
        },
        { from: own },
      );
    } finally {
      await own.close();
    }
  }, 180_000);

  it('computes with WebGPU where a visitor chooses it', async () => {
    const withGpu = await launchBrowser(SOFTWARE_GPU);
    try {
      await visit(
        async (page) => {
          await page.getByLabel('Compute with').selectOption({ value: 'webgpu' });
          await page.getByText(/with WebGPU\. It was asked for\./).waitFor();
          await choose(page, 'photo.png');
          await page.getByText('regions were found in photo.png').waitFor({ state: 'attached' });
          page.setDefaultTimeout(120_000);
          await ask(page, question);
          expect(await shownAnswers(page)).toEqual(close(await expectedAnswers()));
        },
        { where: withGpu },
      );
    } finally {
      await withGpu.close();
    }
  }, 300_000);

  it('says why where WebGPU is not there, and goes on with another choice', async () => {
    await visit(async (page) => {
      await page.getByText('6 regions were found in scene-1').waitFor({ state: 'attached' });
      await page.getByLabel('Compute with').selectOption({ value: 'webgpu' });
      await page.getByText('WebGPU was asked for, but this browser finds no GPU for WebGPU.').waitFor();
      await page.getByLabel('Compute with').selectOption({ value: 'wasm' });
      await page.getByText(/with WebAssembly, one thread\. It was asked for\./).waitFor();
      await askAbout(page, 'photo.png');
    });
  });

  it('works by keyboard alone', async () => {
    await visit(async (page) => {
      await page.getByText('6 regions were found in scene-1').waitFor({ state: 'attached' });
      await page
        .getByRole('button', { name: /^Sample: / })
        .nth(2)
        .focus();
      await page.keyboard.press('Enter');
      await page.getByText('6 regions were found in scene-3').waitFor({ state: 'attached' });
      const focused = () => page.evaluate('document.activeElement.type');
      for (let i = 0; i < 20 && (await focused()) !== 'text'; i++) await page.keyboard.press('Tab');
      await page.keyboard.type(question);
      await page.keyboard.press('Enter');
      await page.locator('.explanation').waitFor();
    });
  });

  it('says what is wrong with a picture or a question, and goes on', async () => {
    await visit(async (page) => {
      await choose(page, 'broken.png');
      expect(await page.getByRole('alert').textContent()).toMatch(/^The picture cannot be decoded: /);
      await choose(page, 'photo.png');
      await page.getByText('6 regions were found in photo.png').waitFor({ state: 'attached' });
      expect(await page.getByRole('alert').count()).toBe(0);
      await page.getByLabel('Question', { exact: true }).fill('');
      await page.getByRole('button', { name: 'Ask', exact: true }).click();
      expect(await page.getByRole('alert').textContent()).toBe('Write a question first.');
      await ask(page, question);
    });
  });

  it('says that its model was changed or cut', async () => {
    cpSync(at('site'), at('changed'), { recursive: true });
    appendFileSync(at('changed/model/onnx/model.onnx'), 'x');
    const own = await startStaticServer(at('changed'));
    try {
      await visit(
        async (page) => {
          await page
            .getByText(/model\.onnx has \d+ bytes, where the manifest beside it says \d+: it is another file/)
            .waitFor();
        },
        { from: own },
      );
    } finally {
      await own.close();
    }
  });

  it('asks about pictures whose regions were found beforehand, and answers between the passes of a removal', async () => {
    await writeSmallRun(at('detected'), { featureSize: 3 });
    mkdirSync(at('photos'));
    cpSync(at('photo.png'), at('photos/photo.png'));
    const floats = (...values: number[]): string =>
      Buffer.from(Float32Array.from(values).buffer).toString('base64');
    const ids = Buffer.from(BigInt64Array.from([4n, 7n]).buffer).toString('base64');
    writeFileSync(
      at('regions.tsv'),
      `${['photo', 200, 300, ids, floats(0.9, 0.8), ids, floats(0.7, 0.6), 2, floats(0, 0, 100, 80, 40, 30, 100, 80), floats(1, 0, 2, 0, 3, 1)].join('\t')}\n`,
    );
    await lxmert(
      'export',
      'site',
      '--model',
      'detected',
      '--out',
      'stored',
      '--pictures',
      'photos',
      '--features',
      'regions.tsv',
    );
    const own = await startStaticServer(at('stored'));
    try {
      await visit(
        async (page) => {
          await page.getByText('2 regions were found in photo.png').waitFor({ state: 'attached' });
          expect(await page.getByLabel('Picture file').count()).toBe(0);
          expect(await page.locator('.regions .row').first().textContent()).toContain(
            'object 4, attribute 4',
          );
          await ask(page, question);
          expect((await shownAnswers(page)).length).toBe(5);
        },
        { from: own },
      );
      const { pictures } = JSON.parse(readFileSync(at('stored/site.json'), 'utf8'));
      const stored = JSON.parse(readFileSync(at(path.join('stored', pictures[0].regions)), 'utf8'));
      const asked = { of: { id: 'photo', name: 'photo', stored }, question };
      await visit(
        async (page) => {
          // What a question becomes without its parts, and another question behind it, both while the model loads.
          await page.addInitScript(`{
            const post = Worker.prototype.postMessage;
            window.replies = [];
            Worker.prototype.postMessage = function (message) {
              post.call(this, message);
              if (message.request.kind !== 'load') return;
              const names = { [-1]: 'removal', [-2]: 'answer' };
              this.addEventListener('message', ({ data }) => {
                if (data.id in names) window.replies.push('result' in data ? names[data.id] : data.failure);
              });
              post.call(this, { id: -1, request: { kind: 'remove', ...${JSON.stringify(asked)} } });
              post.call(this, { id: -2, request: { kind: 'explain', ...${JSON.stringify(asked)} } });
            };
          }`);
          await page.reload();
          // The question waits for one pass, and not for all.
          await expect.poll(() => page.evaluate('replies')).toEqual(['answer', 'removal']);
        },
        { from: own },
      );
    } finally {
      await own.close();
    }
  });

  it('finds regions with an exported detector', async () => {
    writeSmallDetector(at('detector.caffemodel'));
    using detector = await RegionDetector.load(at('detector.caffemodel'), { architecture: SMALL_DETECTOR });
    const { provenance } = detector;
    await writeSmallRun(at('run7'), { trainedOn: provenance });
    await exportDetector({
      detector: at('detector.caffemodel'),
      out: at('detector'),
      precision: 'float32',
      architecture: SMALL_DETECTOR,
    });
    await lxmert('export', 'site', '--model', 'run7', '--detector', 'detector', '--out', 'seeing');
    const { numBoxes } = detector.detect(await decodeImage(at('photo.png')));
    const own = await startStaticServer(at('seeing'));
    try {
      await visit(
        async (page) => {
          await choose(page, 'photo.png');
          await page.getByText(`${numBoxes} regions were found in photo.png`).waitFor({ state: 'attached' });
          await ask(page, question);
          expect((await shownAnswers(page)).length).toBe(5);
        },
        { from: own },
      );
    } finally {
      await own.close();
    }
  }, 180_000);

  it.each([
    [360, 'light'],
    [1200, 'dark'],
  ] as const)('fits a screen %i wide, %s', async (width, colorScheme) => {
    await visit(
      async (page) => {
        await askAbout(page, 'photo.png');
        expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
        expect(await violationsOf(page)).toEqual([]);
        const paper = await page.evaluate('getComputedStyle(document.body).backgroundColor');
        expect(paper === 'rgb(250, 249, 246)').toBe(colorScheme === 'light');
      },
      { viewport: { width, height: 740 }, colorScheme },
    );
  });
});
