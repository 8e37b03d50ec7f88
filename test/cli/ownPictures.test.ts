/** @file Pictures of one's own without a detector: from a folder of drawings to answers about another one. */

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { needing } from '../support/skips.js';

const folder = mkdtempSync(path.join(tmpdir(), 'own-pictures-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => path.join(folder, name);

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built program: threads cannot run the sources. */
function lxmert(...words: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [path.resolve('dist/src/cli/main.js'), ...words], (error, stdout, stderr) =>
      resolve({ exitCode: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
    );
  });
}

const COLORS = { red: [200, 30, 30], blue: [30, 40, 200], green: [20, 160, 40] } as const;

/** A square of a color, somewhere on white. */
async function draw(file: string, color: keyof typeof COLORS, left: number): Promise<void> {
  const [r, g, b] = COLORS[color];
  const shape = { create: { width: 12, height: 12, channels: 3, background: { r, g, b } } } as const;
  await sharp({ create: { width: 40, height: 32, channels: 3, background: '#ffffff' } })
    .composite([{ input: await sharp(shape).png().toBuffer(), left, top: 9 }])
    .png()
    .toFile(file);
}

needing('program').describe("pictures of one's own", () => {
  beforeAll(async () => {
    mkdirSync(at('pictures'));
    const lines: string[] = [];
    for (const color of Object.keys(COLORS) as (keyof typeof COLORS)[]) {
      for (let left = 0; left < 8; left++) {
        const image = `${color}-${left}`;
        await draw(at(`pictures/${image}.png`), color, 3 * left);
        lines.push(JSON.stringify({ id: image, image, text: 'what color is it', labels: color }));
      }
    }
    writeFileSync(at('train.jsonl'), `${lines.join('\n')}\n`);
    writeFileSync(
      at('vocab.txt'),
      ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'what', 'color', 'is', 'it'].join('\n'),
    );
  });

  it('train on features from pixels, and answer about a picture from a file as about its features', async () => {
    const pixels = ['--detector', 'pixels', '--num-boxes', '6', '--grid', '4'];
    const extracted = await lxmert('extract', at('pictures'), ...pixels, '--out', at('store'));
    expect(extracted, extracted.stderr).toMatchObject({ exitCode: 0 });
    expect(extracted.stdout).toContain('store: 24 images, 24 new');
    const trained = await lxmert(
      ...['finetune', 'custom', '--train', at('train.jsonl'), '--valid', at('train.jsonl')],
      ...['--features', at('store'), '--vocab', at('vocab.txt'), '--output', at('run')],
      ...'--hidden-size 32 --attention-heads 2 --language-layers 1 --vision-layers 1 --cross-layers 1'.split(
        ' ',
      ),
      ...'--batch-size 4 --epochs 2 --initializer-range 0.1 --dropout 0'.split(' '),
    );
    expect(trained, trained.stderr).toMatchObject({ exitCode: 0 });
    const question = 'what color is it';
    const asked = async (...words: string[]) => {
      const answered = await lxmert('answer', ...words, question, '--model', at('run'));
      expect(answered, answered.stderr).toMatchObject({ exitCode: 0 });
      return answered.stdout;
    };
    // The same picture under another name: its regions are found anew, as those in the store were.
    await draw(at('unseen.png'), 'blue', 9);
    const looked = await asked(at('unseen.png'));
    expect(looked.match(/%/g)).toHaveLength(3);
    expect(looked).toBe(await asked('blue-3', '--features', at('store')));
    expect(looked).not.toBe(await asked('red-3', '--features', at('store')));
  });

  it.each([
    [['--grid', '4', '--detector', 'resnet.caffemodel'], /there is no file 'resnet\.caffemodel'/],
    [['--detector', 'pixels', '--profile', 'd2'], /--profile is for a detector with weights.*--num-boxes/],
    [['--detector', 'pixels', '--max-boxes', '9'], /--max-boxes is for a detector with weights/],
  ])('say of %j what is wrong', async (words, message) => {
    const ended = await lxmert('extract', at('pictures'), ...words, '--out', at('none'));
    expect(ended).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(message) as string });
  });
});
