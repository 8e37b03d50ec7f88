import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ExplanationPage } from '../../src/explain/explanationPage.js';
import { placeOf } from '../../src/explain/regionPlace.js';
import type { Removal } from '../../src/explain/removal.js';
import { lxmert } from '../support/commandLine.js';
import { needing } from '../support/skips.js';
import { writeSmallRun } from '../support/tinyLxmert.js';

const folder = mkdtempSync(path.join(tmpdir(), 'explain-cli-'));
const at = (name: string): string => path.join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

// The page's script comes from the build.
needing('program').describe('lxmert explain', () => {
  beforeAll(async () => {
    await writeSmallRun(at('run'), { featureSize: 2048, pixelRegions: { numBoxes: 5 } });
    await sharp({ create: { width: 80, height: 60, channels: 3, background: '#383' } })
      .png()
      .toFile(at('scene.png'));
  });
  const ask = (...words: string[]) =>
    lxmert('explain', at('scene.png'), 'is the cat white?', '--model', at('run'), ...words);

  it('writes a page, and prints what counted most', async () => {
    const output = at('why.html');
    const { stdout, exitCode } = await ask('--output', output, '--top', '2');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^ *\d+\.\d % {2}\S+\n *\d+\.\d % {2}\S+\n\nCounted most for "[^"]+", of all regions and of all words:\n {2}region \d, [a-z ]+ \d+\.\d %\n/,
    );
    expect(stdout).toMatch(/\n {2}"\w+" +\d+\.\d %\n/);
    expect(stdout).toContain(output);
    const text = /id="explanation">(.*?)<\/script>/s.exec(readFileSync(output, 'utf8'))?.[1] ?? '';
    const { explanation, picture, origin } = JSON.parse(text) as ExplanationPage;
    expect(origin).toMatchObject({ picture: at('scene.png'), model: at('run') });
    expect(origin?.command).toMatch(/^lxmert explain \S+scene\.png 'is the cat white\?' --model /);
    expect(Date.now() - Date.parse(origin?.date ?? '')).toBeLessThan(600_000);
    // Beside what counted, what the answers are without each part.
    expect(explanation.removal?.regions).toHaveLength(5);
    expect(picture).toMatch(/^data:image\/webp;base64,/);
    expect(explanation.relevance).toHaveLength(2);
    const json = JSON.parse((await ask('--output', output, '--top', '2', '--json')).stdout);
    expect(json).toMatchObject({ output, answers: explanation.answers });
    const [{ regions, words }] = json.answers as [
      { regions: { share: number; box: number[] }[]; words: { name: string; share: number }[] },
    ];
    // Whole words alone, with the shares of their pieces together.
    expect(words.map(({ name }) => name)).not.toContain('[CLS]');
    const ofWords = explanation.relevance[0]!.words.slice(1, -1);
    expect(words.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(
      ofWords.reduce((sum, share) => sum + share, 0),
      6,
    );
    const shares = [...explanation.relevance[0]!.regions];
    expect(regions.map(({ share }) => share)).toEqual([...shares].sort((a, b) => b - a));
    expect(regions[0]?.box).toEqual(explanation.regions[shares.indexOf(Math.max(...shares))]?.box);
  });

  it('tells by removal what is answered without each word and region, also of several models', async () => {
    await writeSmallRun(at('other'), { featureSize: 2048, pixelRegions: { numBoxes: 5 }, seed: 6 });
    const output = at('without.html');
    const words = ['--method', 'removal', '--top', '2', '--output', output];
    for (const models of [[], ['--model', at('other')]]) {
      const { stdout, exitCode } = await ask(...words, ...models);
      expect(exitCode).toBe(0);
      const text = /id="explanation">(.*?)<\/script>/s.exec(readFileSync(output, 'utf8'))?.[1] ?? '';
      const { explanation } = JSON.parse(text) as ExplanationPage;
      const removal = explanation.removal as Removal;
      const falls = [
        ...removal.words.map(({ word, changes: [change = 0] }) => ({ name: `"${word}"`, change })),
        ...removal.regions.map((part, i) => ({
          name: `region ${i + 1}, ${placeOf(explanation.regions[i]?.box ?? [], explanation)}`,
          change: part?.changes[0] ?? 0,
        })),
      ].sort((a, b) => a.change - b.change);
      const [line = ''] = stdout.split('\n').slice(4);
      expect(line).toMatch(/^ {2}(\S.*?) +\d+\.\d % {2}\([+-]?\d+\.\d\)$/);
      expect(line).toContain(`  ${falls[0]?.name} `);
      expect(falls[0]?.change).toBeLessThan(-0.001);
      expect(line).toContain(`(${(100 * falls[0]!.change).toFixed(1)})`);
      const decisive = [...removal.words, ...removal.regions].filter((part) => part?.instead);
      expect(stdout).toContain(
        decisive.length > 0 ? 'Another answer without ' : 'No word and no region changes',
      );
      const json = JSON.parse((await ask(...words, ...models, '--json')).stdout);
      expect(json).toMatchObject({ method: 'removal', answers: explanation.answers });
      expect(json.changesAnswer.map(({ instead }: { instead: object }) => instead)).toEqual(
        decisive.map((part) => part?.instead),
      );
      const [{ regions }] = json.answers as [{ regions: { change: number }[] }];
      expect(regions.map(({ change }) => change)).toEqual(
        removal.regions.map((part) => part?.changes[0]).sort((a, b) => (a ?? 0) - (b ?? 0)),
      );
    }
  });

  it('says that the end of a question was not read', async () => {
    const long = await lxmert(
      ...['explain', at('scene.png'), 'cat '.repeat(30), '--model', at('run'), '--output', at('cut.html')],
    );
    expect(long.stderr).toContain('The model reads 18 word pieces; the end of the question is beyond them');
    expect((await ask('--output', at('whole.html'))).stderr).not.toContain('word pieces');
  });

  it('by attention says what [CLS] looks at', async () => {
    const { stdout } = await ask('--method', 'attention', '--output', at('looks.html'));
    expect(stdout).toMatch(/In the last layer \[CLS\] looked most at\n {2}region \d, [a-z ]+ \d+\.\d %\n/);
  });

  it.each([
    [['--picture', at('scene.png')], /--picture is for regions that come from --features/],
    [['--features', at('run'), '--detector', at('scene.png')], /give one of the two/],
    [['--top', '0'], /--top/],
    [['--method', 'guessing'], /--method/],
    [
      ['--model', at('run'), '--method', 'attention'],
      /several models has no common meaning.*--method removal/,
    ],
  ])('refuses %j', async (words, message) => {
    expect(await ask(...words)).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(message) });
  });
});
