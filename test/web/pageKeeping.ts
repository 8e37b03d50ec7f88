/** @file What can be kept of an answer, and what is said about it: tests of the page, in the group of page.test.ts. */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { LxmertClient } from '../../src/serve/client.js';
import { violationsOf } from '../support/axe.js';
import { watch } from '../support/browser.js';
import { type PageHarness, percent, question, rowOf } from './pageHarness.js';

export function keepingTests(harness: PageHarness): void {
  const { folder, at, visit, choose, ask, askAbout, expected } = harness;

  it('strikes through what a model does not read, and names the words that it does not know', async () => {
    await visit(async (page) => {
      await choose(page, 'photo.png');
      const long = `${question.slice(0, -1)} ${'and the cat '.repeat(8)}on the end`;
      await ask(page, long);
      expect(await page.locator('.chips .lost s').textContent()).toMatch(/on the end$/);
      await page.locator('.notes-below').getByText('counted for nothing').waitFor();
      await ask(page, 'is the quokka white?');
      await page.locator('.notes-below').getByText('"quokka"').waitFor();
      expect(await page.locator('.chips').textContent()).toContain('quokka');
    });
  });

  it('lists the questions that were asked before, and shows them again without asking', async () => {
    await visit(async (page, { requests }) => {
      await page.locator('.explanation').waitFor();
      await askAbout(page, 'photo.png');
      await page.locator('.regions .change').first().waitFor();
      const numAsked = () => requests.filter((url) => url.endsWith('/v1/explain')).length;
      const before = numAsked();
      await page.locator('.earlier button').last().click();
      await page.getByText('regions were found in scene-1').waitFor({ state: 'attached' });
      expect(await page.locator('.best strong').textContent()).not.toBe('');
      await page.locator('.earlier button').first().click();
      await page.locator('.chips button').filter({ hasText: 'cat' }).waitFor();
      expect(numAsked()).toBe(before);
    });
  });

  it('saves a page of one file, and copies what asks again', async () => {
    await visit(async (page) => {
      await page.locator('.regions .change').first().waitFor();
      const asked = await page.getByLabel('Question', { exact: true }).inputValue();
      const download = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Save this explanation' }).click();
      await (await download).saveAs(at('saved.html'));
      expect((await download).suggestedFilename()).toMatch(/^What-.*\.html$/);
      const rows = await page.locator('.regions').allInnerTexts();
      const saved = await page.context().newPage();
      const watched = watch(saved);
      await saved.goto(pathToFileURL(at('saved.html')).href);
      await saved.locator('.regions .change').first().waitFor();
      expect(await saved.locator('.regions').allInnerTexts()).toEqual(rows);
      expect(await saved.locator('h1').textContent()).toBe(asked);
      const command = await saved.locator('code').textContent();
      expect(command).toBe(`lxmert explain --sample 1 '${asked}' --model 'first' --output explanation.html`);
      expect(await saved.locator('header').textContent()).toMatch(
        /Picture scene-1, model first, LXMERT \d\S+, 20\d\d-/,
      );
      expect(await saved.locator('.picture img').getAttribute('src')).toMatch(/^data:image\/png;base64,/);
      expect(watched.complaints).toEqual([]);
      expect(watched.requests.filter((url) => !/^(file|data|blob):/.test(url))).toEqual([]);
      // What is copied works as it stands.
      await page.getByRole('button', { name: 'curl' }).click();
      const [first = '', second = ''] = ((await page.locator('.keep pre').textContent()) ?? '').split('\n');
      for (const line of [first, second]) {
        const { stdout } = await promisify(execFile)('sh', ['-c', line.replace(/^curl/, 'curl -sf')], {
          cwd: folder,
        });
        if (line === second) expect(JSON.parse(stdout).question).toBe(asked);
      }
      await page.getByRole('button', { name: 'JavaScript' }).click();
      expect(await page.locator('.keep pre').textContent()).toContain(
        `client.explain(image, "${asked}", { model: "first" })`,
      );
    });
  });

  it('shows all heads at a glance, within and across words and regions, and opens one', async () => {
    const client = new LxmertClient(harness.address);
    const picture = readFileSync(at('photo.png'));
    const { selfAttention } = await client.explain(picture, question, {
      method: 'attention',
      selfAttention: true,
    });
    await visit(async (page, { requests }) => {
      await askAbout(page, 'photo.png');
      await page.getByText('Details').click();
      const before = requests.length;
      await page.getByText('All heads at a glance').click();
      const heads = page.locator('.heads-grid button');
      // Two cross-modality layers of two heads each.
      await expect.poll(() => heads.count()).toBe(4);
      await heads.nth(3).click();
      expect(await page.getByLabel('Show').inputValue()).toBe('1');
      expect(await page.getByRole('combobox', { name: 'Head' }).inputValue()).toBe('1');
      expect(requests.length).toBe(before);
      const kinds = page.getByRole('combobox', { name: 'Attention of' });
      await kinds.selectOption('regions on words');
      await heads.first().click();
      expect(await page.getByLabel('a region on the words').isChecked()).toBe(true);
      await kinds.selectOption('regions on regions');
      await page.getByRole('button', { name: 'vision layer 1, head 2' }).click();
      expect(await heads.count()).toBe(2 * selfAttention!.regions.length);
      const map = page.locator('.all-heads .map tbody td');
      expect(await map.nth(7).getAttribute('title')).toContain(
        percent(rowOf(selfAttention!.regions[0]!, 1, 1)[1]!),
      );
    });
  });

  it.each([
    [1440, 'light'],
    [390, 'dark'],
  ] as const)('breaks no rule of WCAG 2.2 AA, %i wide, %s', async (width, colorScheme) => {
    await visit(
      async (page) => {
        await page.locator('.regions .change').first().waitFor();
        await page.locator('.regions button').first().click();
        await page.getByText(/^Without .* in place of/).waitFor();
        await page.getByText('Details').click();
        await page.getByText('All heads at a glance').click();
        await page.getByRole('button', { name: 'curl' }).click();
        expect(await violationsOf(page)).toEqual([]);
        await page.getByRole('tab', { name: 'Compare' }).click();
        await page.getByLabel('First question').fill(question);
        await page.getByRole('button', { name: 'Compare', exact: true }).click();
        await page.getByLabel('Second question').fill('is it white?');
        await page.getByRole('button', { name: 'Compare', exact: true }).click();
        await page.locator('.sides .regions .change').last().waitFor();
        await page.getByRole('textbox', { name: 'Second question' }).fill('');
        expect(await page.getByRole('alert').count()).toBe(1);
        expect(await violationsOf(page)).toEqual([]);
      },
      { viewport: { width, height: 900 }, colorScheme },
    );
  });

  it('says what the model is, what it knows, and how sure it is', async () => {
    await visit(async (page) => {
      expect(await page.locator('.about').first().textContent()).toMatch(/^first: [\d,.]+ parameters\.$/);
      await askAbout(page, 'photo.png');
      await page.getByText('This model knows drawn shapes alone').waitFor();
      const { answers } = await expected();
      const isSure = answers[0]!.probability >= 0.5;
      expect(await page.locator('.verdict.unsure').count()).toBe(isSure ? 0 : 1);
      const sum = answers.reduce((total, { probability }) => total + probability, 0);
      expect(await page.getByText('Each answer is scored alone').count()).toBe(sum > 1.001 ? 1 : 0);
      await page
        .getByRole('button', { name: /^Sample: / })
        .first()
        .click();
      await page.getByText('regions were found in scene-1').waitFor({ state: 'attached' });
      expect(await page.getByText('This model knows drawn shapes alone').count()).toBe(0);
    });
  });

  it('is light: all that it transfers for its first answer', async () => {
    await visit(async (page) => {
      const session = await page.context().newCDPSession(page);
      await session.send('Network.enable');
      let numBytes = 0;
      session.on('Network.loadingFinished', ({ encodedDataLength }) => {
        numBytes += encodedDataLength;
      });
      await page.reload();
      await page.locator('.regions .change').first().waitFor();
      await page.waitForLoadState('networkidle');
      expect(numBytes).toBeGreaterThan(20_000);
      expect(numBytes).toBeLessThan(120_000);
    });
  });

  it('keeps bars and maps in print and in forced colors', async () => {
    await visit(async (page) => {
      await page.locator('.regions .change').first().waitFor();
      await page.emulateMedia({ media: 'print' });
      const fill = 'getComputedStyle(document.querySelector(".bars .fill"))';
      expect(await page.evaluate(`${fill}.printColorAdjust`)).toBe('exact');
      expect(await page.evaluate('getComputedStyle(document.querySelector(".regions")).maxHeight')).toBe(
        'none',
      );
      await page.emulateMedia({ media: 'screen', forcedColors: 'active' });
      expect(await page.evaluate(`${fill}.forcedColorAdjust`)).toBe('none');
    });
  });
}
