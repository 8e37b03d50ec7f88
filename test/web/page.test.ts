/** @file The server's page in a real browser, against a real server process with a small random model. */

import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { LxmertClient } from '../../src/serve/client.js';
import { violationsOf } from '../support/axe.js';
import { needing } from '../support/skips.js';
import { startSubpathProxy } from '../support/subpathProxy.js';
import { pageHarness, percent, question, rowOf, TOKEN } from './pageHarness.js';
import { hasteTests, holdBack } from './pageHaste.js';
import { keepingTests } from './pageKeeping.js';
import { ownPicturesTests } from './pageOwnPictures.js';
import { takeAwayAndComeBack } from './visits.js';

needing('chromium', 'program').describe('the page', () => {
  const harness = pageHarness();
  const { at, serve, visit, choose, ask, askAbout, expected } = harness;
  hasteTests(harness);
  keepingTests(harness);
  ownPicturesTests(harness);

  it('opens on a finished example, and its address leads back to it', async () => {
    await visit(async (page) => {
      await page.locator('.explanation').waitFor();
      expect(await page.getByLabel('Question', { exact: true }).inputValue()).toMatch(/color/i);
      expect(await page.locator('.verdict.right, .verdict.wrong').count()).toBe(1);
      const sample = page.getByRole('button', { name: /^Sample: \w+ \w+, / });
      expect(await sample.count()).toBe(6);
      await page.locator('.suggestions button').nth(1).click();
      const asked = await page.locator('.suggestions button').nth(1).textContent();
      await expect.poll(() => page.title()).toContain(asked);
      await takeAwayAndComeBack(page, asked);
      // And back, to the first question.
      await page.goBack();
      await expect.poll(() => page.getByLabel('Question', { exact: true }).inputValue()).toMatch(/color/i);
    });
  });

  it('detects the regions of an uploaded picture, and answers with what counted', async () => {
    await visit(async (page) => {
      await choose(page, 'photo.png');
      await page.getByRole('heading', { name: '6 regions were found' }).waitFor();
      expect(await page.locator('.seen rect[data-region]').count()).toBe(6);
      expect(await page.locator('.dark').count()).toBe(0);
      await ask(page);
      const { answers, relevance } = await expected();
      expect(await page.locator('.bars .answer').allTextContents()).toEqual(
        answers.map(({ answer }) => answer),
      );
      expect(await page.locator('.bars .number').allTextContents()).toEqual(
        answers.map(({ probability }) => percent(probability)),
      );
      await page.locator('.regions .value').first().waitFor();
      const shares = [...relevance[0]!.regions].sort((a, b) => b - a);
      const shown = await page.locator('.regions .value').allTextContents();
      expect(shown.map((text) => Number.parseFloat(text.replace('Counted ', '')))).toEqual(
        shares.map((share) => expect.closeTo(100 * share, 0)),
      );
      // Another answer can be asked about.
      await page.locator('.bars button').nth(1).click();
      expect(await page.locator('.explanation > .reading').textContent()).toContain(
        `For "${answers[1]!.answer}"`,
      );
    });
  });

  it('keeps the picture in sight: beside the answers, or under the question', async () => {
    const boxOf = async (page: Page, selector: string) =>
      (await page.locator(selector).first().boundingBox())!;
    for (const [width, height] of [
      [1440, 900],
      [390, 844],
    ] as const) {
      await visit(
        async (page) => {
          await page.locator('.regions button').first().waitFor();
          const picture = await boxOf(page, '.picture');
          const question = await boxOf(page, '.question input');
          const answer = await boxOf(page, '.best');
          expect(picture.y + picture.height).toBeLessThan(height);
          if (width > 1000) {
            expect(picture.x + picture.width).toBeLessThan(question.x);
            expect(answer.x).toBe(question.x);
          } else {
            expect(picture.y).toBeGreaterThan(question.y);
            expect(answer.y).toBeGreaterThan(picture.y + picture.height);
          }
          await page.locator('.regions button').last().focus();
          await page.mouse.wheel(0, 400);
          await expect.poll(async () => (await boxOf(page, '.picture')).y).toBeLessThan(60);
          expect((await boxOf(page, '.picture')).y).toBeGreaterThanOrEqual(0);
        },
        { viewport: { width, height } },
      );
    }
  });

  it('lights what counted, by the strongest of the boxes that overlap, and what is pointed at', async () => {
    const { regions, relevance } = await expected();
    const shares = relevance[0]!.regions;
    const most = Math.max(...shares, Math.min(4 / shares.length, 1));
    const grayOf = (strength: number): number => Math.round(255 * (1 - strength));
    const holesOf = (page: Page) =>
      page
        .locator('.hole')
        .evaluateAll((holes) =>
          holes.map((hole) => [
            Number(hole.getAttribute('x')),
            Number(/\d+/.exec(hole.getAttribute('fill') ?? '')?.[0]),
          ]),
        );
    await visit(async (page) => {
      await askAbout(page, 'photo.png');
      await page.locator('.hole').first().waitFor({ state: 'attached' });
      const holes = await holesOf(page);
      // Painted from the weakest to the strongest, each over what is below it.
      const wanted = shares
        .map((share, i) => [regions[i]!.box[0], grayOf(share / most)] as const)
        .sort((a, b) => b[1] - a[1]);
      expect(holes.map(([, gray]) => gray)).toEqual(wanted.map(([, gray]) => expect.closeTo(gray, -0.5)));
      const last = page.locator('.regions button').last();
      await last.hover();
      await expect
        .poll(async () => (await holesOf(page)).map(([, gray]) => gray))
        .toEqual([...Array.from({ length: 5 }, () => 255), 0]);
      await page.locator('.bars button').nth(2).hover();
      const third = relevance[2]!.regions;
      const strongest = grayOf(Math.max(...third) / Math.max(...third, 4 / third.length));
      await expect.poll(async () => (await holesOf(page)).at(-1)?.[1]).toBeCloseTo(strongest, -0.5);
    });
  });

  it('shows every layer and head, in both directions', async () => {
    const { layers, words } = await expected();
    await visit(async (page) => {
      await askAbout(page, 'photo.png');
      await page.getByText('Details').click();
      await page.getByLabel('Show').selectOption({ value: '0' });
      await page.getByRole('combobox', { name: 'Head' }).selectOption({ value: '1' });
      await page.getByRole('combobox', { name: 'Word' }).selectOption({ label: 'cat' });
      const ofCat = rowOf(layers[0]!.wordsOnRegions, words.indexOf('cat'), 1);
      const values = await page.locator('.regions .value').allTextContents();
      expect(values).toEqual([...ofCat].sort((a, b) => b - a).map((value) => `Looked at ${percent(value)}`));
      await page.getByLabel('Show').selectOption({ value: '1' });
      await page.getByRole('combobox', { name: 'Head' }).selectOption({ value: 'mean' });
      await page.getByLabel('a region on the words').check();
      await page.getByRole('combobox', { name: 'Region' }).selectOption({ value: '3' });
      const ofRegion = rowOf(layers[1]!.regionsOnWords, 3);
      const named = words.map((word) => ({ '[CLS]': 'the answer', '[SEP]': 'the end' })[word] ?? word);
      const best = named[ofRegion.indexOf(Math.max(...ofRegion))];
      const reading = await page.locator('.explanation > .reading').textContent();
      expect(reading).toMatch(new RegExp(`looks most at "${best}"|looks at is spread evenly`));
    });
  });

  it('takes words and regions away, and says which single one changes the answer', async () => {
    const { removal, answers, regions } = await expected(undefined, 'removal');
    const name = answers[0]?.answer;
    const cat = removal!.words.findIndex(({ word }) => word === 'cat');
    const both = await new LxmertClient(harness.address).explain(readFileSync(at('photo.png')), question, {
      method: 'removal',
      without: { words: [cat], regions: [3, 1] },
    });
    const together = both.removal!.together!;
    expect(together.probabilities).not.toEqual(removal!.words[cat]!.probabilities);
    const alone = [...removal!.words, ...removal!.regions].filter((part) => part?.instead != null);
    await visit(async (page, { requests }) => {
      await askAbout(page, 'photo.png');
      const reading = page.locator('.explanation > .reading');
      const numbers = async () => (await page.locator('.bars .number').allTextContents()).slice(0, 1);
      const region = (i: number) => page.locator(`.regions button[data-region="${i}"]`);
      await page.locator('.alone').waitFor();
      const numAsked = () => requests.filter((url) => url.endsWith('/v1/explain')).length;
      const before = numAsked();
      expect(await page.locator('.alone button').count()).toBe(Math.min(6, alone.length));
      expect(await region(3).locator('.change').textContent()).toMatch(/without it .*\d\.\d$/);
      await page.getByRole('button', { name: /^cat/ }).click();
      // What was found for each by itself needs no question.
      expect(await reading.textContent()).toContain(
        `Without "cat", "${name}" is at ${percent(removal!.words[cat]!.probabilities[0] ?? 0)}`,
      );
      expect(numAsked()).toBe(before);
      await region(3).click();
      await page.locator('.seen rect[data-region="1"]').dispatchEvent('click');
      await reading
        .filter({ hasText: ` is at ${percent(together.probabilities[0] ?? 0)} in place of` })
        .waitFor();
      expect(await numbers()).toEqual([percent(together.probabilities[0] ?? 0)]);
      expect(await page.locator('.seen rect.away').count()).toBe(2);
      if (together.instead !== null)
        expect(await page.locator('.best strong').textContent()).toBe(together.instead.answer);
      await page.getByRole('button', { name: 'Put everything back' }).click();
      expect(await numbers()).toEqual([percent(answers[0]!.probability)]);
      expect(await page.locator('.seen rect.away').count()).toBe(0);
      expect(regions.length).toBe(6);
    });
  });

  it('works by keyboard alone: lists are one stop, and the map says where one is', async () => {
    await visit(async (page) => {
      await page.locator('.regions .change').first().waitFor();
      const focused = () =>
        page.evaluate<string>('document.activeElement.textContent || document.activeElement.type');
      const first = page.getByRole('button', { name: /^Sample: / }).first();
      await first.focus();
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('Enter');
      await page.getByText('regions were found in scene-2').waitFor({ state: 'attached' });
      // From the samples, over the tabs, to the question.
      for (let i = 0; i < 4 && (await focused()) !== 'text'; i++) await page.keyboard.press('Tab');
      expect(await focused()).toBe('text');
      await page.keyboard.press('Control+A');
      await page.keyboard.type(question);
      await page.keyboard.press('Enter');
      await page.locator('.chips button').filter({ hasText: 'cat' }).waitFor();
      await page.locator('.bars button').first().focus();
      await page.keyboard.press('End');
      const last = "document.querySelector('.bars li:last-child button')";
      expect(await page.evaluate(`document.activeElement === ${last}`)).toBe(true);
      await page.getByText('Details').click();
      await page.getByRole('application').focus();
      const reading = page.locator('.at-place');
      expect(await reading.getAttribute('role')).toBe('status');
      expect(await reading.textContent()).toMatch(/^"the answer" and /);
      for (const key of ['ArrowDown', 'ArrowDown', 'ArrowUp']) await page.keyboard.press(key);
      expect(await reading.textContent()).toMatch(/^"is" and /);
      const before = await reading.textContent();
      await page.keyboard.press('ArrowRight');
      expect(await reading.textContent()).not.toBe(before);
      await page.getByRole('tab', { name: 'Ask' }).focus();
      await page.keyboard.press('ArrowRight');
      expect(await page.getByRole('tab', { name: 'Compare' }).getAttribute('aria-selected')).toBe('true');
      expect(await focused()).toBe('Compare');
    });
  });

  it('compares two questions, or two models, and says why it does not begin', async () => {
    const [first, second] = [await expected(), await expected('second')];
    expect(first.answers).not.toEqual(second.answers);
    await visit(async (page) => {
      await choose(page, 'photo.png');
      await page.getByText('regions were found in photo.png').waitFor({ state: 'attached' });
      await page.getByRole('tab', { name: 'Compare' }).click();
      await page.getByLabel('First question').fill(question);
      await page.getByRole('button', { name: 'Compare', exact: true }).click();
      expect(await page.getByRole('alert').textContent()).toContain('write the second question too');
      await page.getByLabel('Second question').fill(question);
      expect(await page.getByRole('alert').count()).toBe(0);
      await page.getByRole('button', { name: 'Compare', exact: true }).click();
      await page.locator('.sides .explanation').nth(1).waitFor();
      for (const [side, { answers }] of [first, second].entries()) {
        const shown = page.locator('.sides > section').nth(side).locator('.bars .number');
        expect(await shown.allTextContents()).toEqual(answers.map(({ probability }) => percent(probability)));
      }
      // One choice of layer for both.
      await page.getByLabel('Show').selectOption({ value: '1' });
      const says = expect.stringMatching(/the answer" looks/);
      expect(await page.locator('.sides .explanation > .reading').allTextContents()).toEqual([says, says]);
    });
  });

  it('takes a picture that is dropped anywhere on it', async () => {
    await visit(async (page) => {
      const bytes = readFileSync(at('photo.png')).toString('base64');
      await page.getByRole('group', { name: 'Picture' }).waitFor();
      await page.evaluate(`(() => {
        const bytes = Uint8Array.from(atob('${bytes}'), (character) => character.charCodeAt(0));
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([bytes], 'dropped.png', { type: 'image/png' }));
        document.querySelector('h1').dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
      })()`);
      await page.getByText('dropped.png', { exact: true }).waitFor();
      await page.getByRole('heading', { name: '6 regions were found' }).waitFor();
    });
  });

  it('says what is wrong, keeps what was there, and goes on', async () => {
    const own = await serve('--model', 'first');
    await visit(
      async (page) => {
        await askAbout(page, 'photo.png');
        const answer = await page.locator('.best').textContent();
        await choose(page, 'broken.png');
        expect(await page.getByRole('alert').textContent()).toMatch(
          /(cannot be (read|decoded)|not a|cut short|broken|ends).*What is shown is what was there before/i,
        );
        expect(await page.locator('.best').textContent()).toBe(answer);
        await choose(page, 'empty.png');
        await page.getByText('empty.png is empty: it has no bytes, and so no picture.').waitFor();
        expect(await page.locator('.best').textContent()).toBe(answer);
        expect(await violationsOf(page)).toEqual([]);
        await page.getByLabel('Question', { exact: true }).fill('');
        await page.getByRole('button', { name: 'Ask', exact: true }).click();
        await page.getByText('Write a question first.').waitFor();
        own.child.kill('SIGKILL');
        await page.getByLabel('Question', { exact: true }).fill('is the dog white?');
        await page.getByRole('button', { name: 'Ask', exact: true }).click();
        await page.getByText('The server cannot be reached').waitFor();
        expect(await violationsOf(page)).toEqual([]);
        expect(await page.locator('.best').textContent()).toBe(answer);
        expect(await page.locator('.picture').isVisible()).toBe(true);
      },
      { address: own.address },
    );
  });

  it('asks for the token of a server that wants one', async () => {
    const own = await serve('--model', 'first', '--token-file', 'token');
    await visit(
      async (page) => {
        const field = page.getByLabel('This server asks for a token');
        await field.fill('a-wrong-token-of-some-length');
        await page.getByRole('button', { name: 'Go on' }).click();
        await page.getByText('does not know this token').waitFor();
        // Another one, of which the server says so only after the right one was given.
        const { held, letGo } = await holdBack(page, '**/v1/*', (request) =>
          request.headers().authorization?.includes('late'),
        );
        await field.fill('late-and-wrong-as-well');
        await page.getByRole('button', { name: 'Go on' }).click();
        await expect.poll(() => held.length).toBe(2);
        expect(await page.getByRole('alert').allTextContents()).toEqual([]);
        await field.fill(TOKEN);
        await page.getByRole('button', { name: 'Go on' }).click();
        await page.getByRole('group', { name: 'Picture' }).waitFor();
        await letGo();
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
    const proxy = await startSubpathProxy(harness.address, options);
    try {
      await visit(
        async (page) => {
          await askAbout(page, 'photo.png');
          expect(await page.locator('.unloaded').isVisible()).toBe(false);
          await page.getByRole('link', { name: 'The API' }).click();
          const models = page.getByRole('article', { name: 'GET /v1/models', exact: true });
          await models.getByText('Try it').click();
          await models.getByRole('button', { name: 'Send' }).click();
          await models.locator('.response .status', { hasText: '200' }).waitFor();
          expect(await models.locator('.curl code').textContent()).toBe(`curl ${proxy.address}/v1/models`);
        },
        { address: `${proxy.address}${ending}` },
      );
    } finally {
      proxy.close();
    }
  });

  it('has a page for the API, where each way of asking can be tried', async () => {
    await visit(async (page) => {
      await page.goto(`${harness.address}/docs/`);
      const operation = (name: string) => page.getByRole('article', { name, exact: true });
      const send = async (name: string): Promise<string> => {
        const response = operation(name).locator('.response');
        // What an earlier request left is none of this one.
        await response.evaluate((element) => {
          element.querySelector('.status')?.setAttribute('data-old', '');
        });
        await operation(name).getByRole('button', { name: 'Send' }).click();
        await response.locator('.status:not([data-old])').waitFor();
        expect(await response.textContent()).toMatch(/^200 /);
        return (await response.locator('pre').textContent()) ?? '';
      };
      await page.locator('article').first().waitFor();
      expect(await violationsOf(page)).toEqual([]);
      for (const summary of await page.locator('summary').all()) await summary.click();
      expect(await violationsOf(page)).toEqual([]);

      const answered = {
        answer: '"results"',
        explain: '"relevance"',
        regions: '"box"',
        features: '"featureSize"',
      };
      for (const [path, expected] of Object.entries(answered)) {
        const name = `POST /v1/${path}`;
        await operation(name).getByLabel('image The picture').setInputFiles(at('photo.png'));
        const field = operation(name).getByLabel(/^question Once|^question One/);
        if ((await field.count()) > 0) await field.fill(question);
        expect(await send(name)).toContain(expected);
        expect(await operation(name).locator('.curl code').textContent()).toContain('-F image=@photo.png');
        await operation(name).getByLabel('As JSON').check();
        await operation(name).getByLabel('image The picture').setInputFiles(at('photo.png'));
        const body = operation(name).getByLabel('Body');
        await expect.poll(() => body.inputValue()).toContain('"image": "iVBOR');
        expect(await send(name)).toContain(expected);
        if (!['answer', 'explain'].includes(path)) continue;
        for (const [way, field] of [
          ['the imageId of an earlier response', 'imageId'],
          ['features that were found already', 'features'],
        ] as const) {
          await operation(name).getByLabel(way).check();
          await expect.poll(() => body.inputValue()).toMatch(new RegExp(`^\\{\\s*"${field}": ["{]`));
          expect(await send(name)).toContain(expected);
        }
      }
      for (const path of ['/v1/models', '/v1/samples', '/healthz', '/readyz', '/metrics'])
        expect((await send(`GET ${path}`)).length).toBeGreaterThan(5);
      // What is refused is told as the server tells it.
      await operation('POST /v1/answer').getByLabel('Body').fill('{}');
      await operation('POST /v1/answer').getByRole('button', { name: 'Send' }).click();
      await operation('POST /v1/answer').locator('.status.wrong', { hasText: '400' }).waitFor();
    });
  });
});
