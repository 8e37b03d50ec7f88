import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ExplanationPage } from '../../src/explain/renderExplanation.js';
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
      /^ *\d+\.\d % {2}\S+\n *\d+\.\d % {2}\S+\n\nCounted most for "[^"]+": region \d [\d.]+ %/,
    );
    expect(stdout).toContain(output);
    const text = /id="explanation">(.*?)<\/script>/s.exec(readFileSync(output, 'utf8'))?.[1] ?? '';
    const { explanation, picture } = JSON.parse(text) as ExplanationPage;
    expect(picture).toMatch(/^data:image\/webp;base64,/);
    expect(explanation.relevance).toHaveLength(2);
    const json = JSON.parse((await ask('--output', output, '--top', '2', '--json')).stdout);
    expect(json).toMatchObject({ output, answers: explanation.answers });
    const [{ regions }] = json.answers as [{ regions: { share: number; box: number[] }[] }];
    const shares = [...explanation.relevance[0]!.regions];
    expect(regions.map(({ share }) => share)).toEqual([...shares].sort((a, b) => b - a));
    expect(regions[0]?.box).toEqual(explanation.regions[shares.indexOf(Math.max(...shares))]?.box);
  });

  it.each([
    [['--picture', at('scene.png')], /--picture is for regions that come from --features/],
    [['--features', at('run'), '--detector', at('scene.png')], /give one of the two/],
    [['--top', '0'], /--top/],
  ])('refuses %j', async (words, message) => {
    expect(await ask(...words)).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(message) });
  });
});
