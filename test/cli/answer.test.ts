/** @file `lxmert answer` as a user meets it, on pictures of the sample world and on features. */

import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeObj36 } from '../../src/features/obj36Writer.js';
import { unknownProvenance } from '../../src/features/unknownProvenance.js';
import { makeRow } from '../features/support.js';
import { lxmert } from '../support/commandLine.js';
import { writeSmallRun } from '../support/tinyLxmert.js';

const folder = mkdtempSync(path.join(tmpdir(), 'cli-answer-'));
const at = (name: string): string => path.join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(async () => {
  const trainedOn = { ...unknownProvenance, detector: 'one' };
  await writeSmallRun(at('pixels'), { featureSize: 2048, pixelRegions: { numBoxes: 5 } });
  await writeSmallRun(at('run'), { trainedOn });
  await sharp({ create: { width: 80, height: 60, channels: 3, background: '#383' } })
    .png()
    .toFile(at('scene.png'));
  await writeObj36(
    at('rows.tsv'),
    [0, 1, 2].map((seed) => makeRow(seed, { featureSize: 7 })),
  );
  for (const detector of ['one', 'two']) {
    await lxmert('features', 'convert', at('rows.tsv'), at(detector), '--detector', detector);
  }
});

describe('answer', () => {
  it('prints answers with their probabilities, and all of it as JSON', async () => {
    const words = ['answer', at('scene.png'), 'what color?', '--model', at('pixels')];
    const { stdout, exitCode } = await lxmert(...words);
    expect(exitCode).toBe(0);
    expect(stdout.split('\n').filter((line) => /^ *\d+\.\d % {2}\S/.test(line))).toHaveLength(3);
    expect(stdout).not.toContain('Seen in the picture');
    const json = JSON.parse((await lxmert(...words, '--top', '5', '--json')).stdout) as {
      answers: object[];
      regions: object[];
    };
    expect(json).toMatchObject({
      image: at('scene.png'),
      question: 'what color?',
      width: 80,
      height: 60,
      explain: null,
    });
    expect([json.answers.length, json.regions.length]).toEqual([5, 5]);
    // Corners in pixels, as in every other JSON.
    expect(json.regions).toContainEqual({ box: [0, 0, 80, 60], object: null, attribute: null });
  });

  it('scores the choices that are given alone, and says which the model does not know', async () => {
    const words = ['answer', at('scene.png'), 'what color?', '--model', at('pixels')];
    const { answers } = JSON.parse((await lxmert(...words, '--top', '2', '--json')).stdout) as {
      answers: { answer: string }[];
    };
    const [best, second] = answers.map(({ answer }) => answer);
    const asked = await lxmert(...words, '--choices', `${second}, ${best}, unheard of`);
    expect(asked.exitCode).toBe(0);
    const lines = asked.stdout.split('\n');
    expect(lines[0]).toMatch(/^ *\d+\.\d % {2}.+ \(\d+\.\d % among all answers\)$/);
    expect(lines[0]).toContain(`  ${best} (`);
    expect(lines[1]).toContain(`  ${second} (`);
    expect(lines[2]).toBe("      -  unheard of (not among the model's answers)");
    for (const [given, problem] of [
      ['red,,blue', "an answer is missing beside a comma in 'red,,blue'"],
      ['red, red', "'red' is named twice"],
    ] as const) {
      const refused = await lxmert(...words, '--choices', given);
      expect([refused.exitCode, refused.stderr]).toEqual([2, `lxmert: --choices: ${problem}.\n`]);
    }
    const none = await lxmert(...words, '--choices', 'unheard of');
    expect(none.exitCode).toBe(1);
    expect(none.stderr).toContain("None of the choices is among the model's answers: 'unheard of'.");
  });

  it('finds the image in a store or a TSV file, and says what was seen', async () => {
    for (const features of [at('one'), at('rows.tsv')]) {
      const { stdout, stderr, exitCode } = await lxmert(
        ...['answer', 'image_1', 'what?', '--model', at('run'), '--features', features],
      );
      // The machine of the tests may be busy, which is said.
      const said = stderr.replace(/^Other programs keep .*\n/m, '');
      expect({ exitCode, said }).toEqual({ exitCode: 0, said: '' });
      expect(stdout).toMatch(
        /Seen in the picture:\n +\d+\.\d % {2}object \d+, attribute \d+, (\w+|\w+ \w+)\n/,
      );
    }
    const absent = await lxmert('answer', 'image_9', 'what?', '--model', at('run'), '--features', at('one'));
    expect(absent).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/no row for image image_9\. It holds 3 images/),
    });
  });

  it('calls regions by the names that lie beside the features', async () => {
    mkdirSync(at('named'));
    cpSync(at('rows.tsv'), at('named/rows.tsv'));
    const lines = (what: string, count: number) =>
      Array.from({ length: count }, (_, i) => `${what}${i}`).join('\n');
    writeFileSync(at('named/objects_vocab.txt'), lines('thing', 1600));
    writeFileSync(at('named/attributes_vocab.txt'), lines('kind', 400));
    const asked = ['answer', 'image_1', 'what?', '--model', at('run'), '--features', at('named/rows.tsv')];
    const { stdout } = await lxmert(...asked);
    expect(stdout).toMatch(/Seen in the picture:\n +\d+\.\d % {2}kind\d+ thing\d+, /);
  });

  it('refuses features of another detector, unless told', async () => {
    const words = ['answer', 'image_1', 'what?', '--model', at('run'), '--features', at('two')];
    const refused = await lxmert(...words);
    expect(refused).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/trained with detector "one", here it is "two"/),
    });
    expect((await lxmert(...words, '--allow-other-features')).exitCode).toBe(0);
  });

  it('writes a page, with the picture where there is one', async () => {
    const page = at('why.html');
    const { stdout } = await lxmert(
      'answer',
      at('scene.png'),
      'what?',
      '--model',
      at('pixels'),
      '--explain',
      page,
    );
    expect(stdout).toContain(`What the model looked at: ${page}`);
    expect(readFileSync(page, 'utf8')).toContain('"picture":"data:image/webp;base64,');
    const ofFeatures = [
      'answer',
      'image_1',
      'what?',
      '--model',
      at('run'),
      '--features',
      at('one'),
      '--explain',
      page,
    ];
    await lxmert(...ofFeatures);
    expect(readFileSync(page, 'utf8')).toContain('"picture":null');
    // Of several models that answer together, what they answer without each part.
    expect(readFileSync(page, 'utf8')).toContain('"method":"relevance"');
    expect((await lxmert(...ofFeatures, '--model', at('run'))).exitCode).toBe(0);
    expect(readFileSync(page, 'utf8')).toContain('"method":"removal"');
    const other = await lxmert(...ofFeatures, '--picture', at('scene.png'));
    expect(other).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(
        /scene\.png is 80 x 60 pixels, and the regions are of a picture of \d+ x \d+: it is another/,
      ),
    });
    const { width, height } = makeRow(1, { featureSize: 7 });
    await sharp({ create: { width, height, channels: 3, background: '#383' } })
      .png()
      .toFile(at('own.png'));
    await lxmert(...ofFeatures, '--picture', at('own.png'));
    expect(readFileSync(page, 'utf8')).toContain('"picture":"data:image/webp;base64,');
  });

  it('looks for the picture before it asks a hub for models', async () => {
    expect(await lxmert('answer', at('absent.png'), 'what?')).toEqual({
      stdout: '',
      stderr: `lxmert: There is no picture at ${at('absent.png')}.\n`,
      exitCode: 2,
    });
  });

  it.each([
    [
      ['scene.png', 'what?', '--features', at('one'), '--detector', at('scene.png')],
      /--features has the regions already/,
    ],
    [[at('scene.png'), ' '], /question is empty/],
    [[at('scene.png'), 'what?', '--picture', at('scene.png')], /--picture is what --explain draws on/],
    [[at('absent.png'), 'what?'], /no picture at .*absent\.png/],
  ])('refuses %j', async (words, message) => {
    const { stderr, exitCode } = await lxmert('answer', ...words, '--model', at('pixels'));
    expect({ stderr, exitCode }).toEqual({ stderr: expect.stringMatching(message), exitCode: 2 });
    expect(existsSync(at('x.html'))).toBe(false);
  });

  it('cannot find the regions of a bare picture without a detector when the model needs one', async () => {
    const { stderr, exitCode } = await lxmert('answer', at('scene.png'), 'what?', '--model', at('run'));
    expect({ stderr, exitCode }).toEqual({
      stderr: expect.stringMatching(/Name the weights with --detector/),
      exitCode: 2,
    });
  });
});
