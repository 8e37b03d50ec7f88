/** @file Image-text matching as a user meets it: a model is trained, evaluated, ranks, predicts and matches. */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CheckpointFile } from '../../src/checkpoint/index.js';
import { COLOR_FILES, writeColorPictures } from '../support/colorPictures.js';
import { lxmert } from '../support/commandLine.js';
import { overridden } from '../support/overridden.js';
import { needing } from '../support/skips.js';
import { writeSmallRun } from '../support/tinyLxmert.js';

const folder = mkdtempSync(path.join(tmpdir(), 'cli-match-'));
const at = (...parts: string[]): string => path.join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true }));

async function succeed(...words: string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await lxmert(...words);
  expect(exitCode, stderr).toBe(0);
  return stdout;
}

const finetune = (output: string, ...more: string[]): Promise<string> =>
  succeed(
    ...overridden(
      [
        ...['finetune', 'match', '--train', at(COLOR_FILES.train), '--valid', at(COLOR_FILES.valid)],
        ...['--features', at(COLOR_FILES.features), '--vocab', at(COLOR_FILES.vocabulary)],
        ...'--batch-size 32 --learning-rate 1e-3 --optimizer adamw --schedule constant --dropout 0 --attention-heads 2'.split(
          ' ',
        ),
        ...['--output', at(output)],
      ],
      more,
    ),
  );
const small =
  '--hidden-size 64 --language-layers 1 --vision-layers 1 --cross-layers 1 --initializer-range 0.3'.split(
    ' ',
  );

interface Recall {
  readonly k: number;
  readonly recall: number;
  readonly chance: number;
}
interface Evaluation {
  readonly accuracy: number;
  readonly numQuestions: number;
  readonly byAnswerType: readonly object[];
  readonly retrieval?: {
    readonly numImages: number;
    readonly numSentences: number;
    readonly sentencesForImage: readonly Recall[];
    readonly imagesForSentence: readonly Recall[];
  };
}

needing('bridge').describe('matching', () => {
  beforeAll(async () => {
    await writeColorPictures(folder);
    await finetune('run', ...small, '--epochs', '60');
  }, 300_000);

  const ofRun = (): string[] => ['--model', at('run'), '--features', at(COLOR_FILES.features)];
  const evaluate = async (...more: string[]): Promise<Evaluation> =>
    JSON.parse(
      await succeed('evaluate', 'match', at(COLOR_FILES.valid), ...ofRun(), ...more, '--json'),
    ) as Evaluation;

  it('is learned from captions: far above chance on pictures that training never showed', async () => {
    const { accuracy, numQuestions, byAnswerType, retrieval } = await evaluate();
    expect(numQuestions).toBe(48);
    expect(byAnswerType).toHaveLength(2);
    // Half is chance. A sixth of the exchanged sentences is true of the picture all the same.
    expect(accuracy).toBeGreaterThan(0.8);
    // Two pictures have each color, and share their sentences: 12 pictures, 12 sentences, two belong to each.
    expect(retrieval).toMatchObject({ numImages: 12, numSentences: 12 });
    for (const rows of [retrieval!.sentencesForImage, retrieval!.imagesForSentence]) {
      expect(rows.map(({ k }) => k)).toEqual([1, 5, 10]);
      expect(rows[0]!.chance).toBeCloseTo(2 / 12, 10);
      expect(rows[0]!.recall).toBeGreaterThan(0.5);
      expect(rows[1]!.recall).toBeGreaterThan(0.9);
    }
  });

  it('ranks as many images as it is told, and prints both directions', async () => {
    expect((await evaluate('--max-images', '0')).retrieval).toBeUndefined();
    expect((await evaluate('--max-images', '4')).retrieval).toMatchObject({ numImages: 4, numSentences: 8 });
    const { stdout, stderr } = await lxmert(
      ...['evaluate', 'match', at(COLOR_FILES.valid), ...ofRun(), '--max-images', '4'],
    );
    expect(stderr).toContain('Ranking 8 sentences and 4 images: 32 pairs.');
    expect(stdout).toMatch(/^Accuracy \d+\.\d\d % over 48 /);
    expect(stdout).toMatch(/sentences for an image +1: \d+\.\d\d % \(25\.00 %\)/);
    expect(stdout).toMatch(/images for a sentence +1: \d+\.\d\d % \(25\.00 %\)/);
  });

  it('is saved under the names of pre-training, and goes on from them', async () => {
    const names = [...(await CheckpointFile.open(at('run/BEST.pth'))).parsed.entries].map(({ name }) => name);
    expect(names).toContain('cls.seq_relationship.weight');
    expect(names.every((name) => name.startsWith('bert.') || name.startsWith('cls.seq_relationship.'))).toBe(
      true,
    );
    await finetune('more', '--load', at('run/BEST.pth'), '--epochs', '1', '--learning-rate', '1e-6');
    const more = JSON.parse(readFileSync(at('more/scores.json'), 'utf8')) as { overall: number };
    expect(more.overall).toBeGreaterThan(0.8);
  });

  it('goes on from a snapshot to the bits of a run that was not interrupted', async () => {
    const run = ['--epochs', '3', '--snapshot-steps', '4'];
    await finetune('whole', ...small, ...run);
    const names = readdirSync(at('whole/snapshots')).sort();
    expect(names.length).toBeGreaterThanOrEqual(4);
    const weights = readFileSync(at('whole/LAST.pth'));
    // As if it had been killed after the first snapshot.
    for (const name of names.slice(2)) rmSync(at('whole/snapshots', name));
    rmSync(at('whole/LAST.pth'));
    await finetune('whole', ...small, ...run, '--resume');
    expect(readFileSync(at('whole/LAST.pth')).equals(weights)).toBe(true);
  });

  it('predicts a probability for each line of a file', async () => {
    const wrong = { image: 'picture_96', text: 'a black picture' };
    const right = { image: 'picture_96', text: 'a red picture' };
    writeFileSync(at('pairs.jsonl'), [wrong, right].map((each) => JSON.stringify(each)).join('\n'));
    await succeed('predict', 'match', at('pairs.jsonl'), ...ofRun(), '--output', at('out.jsonl'));
    const lines = readFileSync(at('out.jsonl'), 'utf8').trim().split('\n');
    const [first, second] = lines.map((line) => JSON.parse(line) as { probability: number });
    expect([first, second]).toMatchObject([wrong, right]);
    expect(first!.probability).toBeLessThan(second!.probability);
    // The command for single pictures says the same.
    const features = at('rows.tsv');
    const stdout = await succeed(
      ...[
        'match',
        'picture_96',
        wrong.text,
        right.text,
        '--model',
        at('run'),
        '--features',
        features,
        '--json',
      ],
    );
    const { matches } = JSON.parse(stdout) as {
      matches: { sentence: string; image: string; probability: number }[];
    };
    expect(matches.map(({ sentence }) => sentence)).toEqual([right.text, wrong.text]);
    expect(matches[0]).toMatchObject({ image: 'picture_96', isCut: false });
    expect(matches[0]!.probability).toBeCloseTo(second!.probability, 5);
    expect(matches[1]!.probability).toBeCloseTo(first!.probability, 5);
  });

  it('says nearly the same in 8 bits', async () => {
    const words = ['match', 'picture_96', 'a black picture', 'a red picture', '--model', at('run')];
    const ask = async (precision: string) => {
      const stdout = await succeed(
        ...words,
        '--features',
        at('rows.tsv'),
        '--json',
        '--precision',
        precision,
      );
      const { matches } = JSON.parse(stdout) as { matches: { probability: number }[] };
      return matches.map(({ probability }) => probability);
    };
    const [exact, rounded] = [await ask('float32'), await ask('int8')];
    expect(rounded).not.toEqual(exact);
    for (const [i, probability] of rounded.entries()) expect(probability).toBeCloseTo(exact[i]!, 1);
  });

  it('orders pictures for one sentence, and reads sentences with commas whole', async () => {
    const features = ['--model', at('run'), '--features', at('rows.tsv')];
    const pictures = ['picture_100', 'picture_96', 'picture_97'];
    const lines = (await succeed('match', ...pictures, '--sentence', 'a red picture', ...features))
      .trim()
      .split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^ *\d+\.\d % {2}picture_96$/);
    const whole = await succeed('match', 'picture_96', 'red, all of it', 'black', ...features);
    expect(whole.trim().split('\n')).toHaveLength(2);
    expect(whole).toMatch(/% {2}red, all of it$/m);
    const long = await lxmert('match', 'picture_96', 'a '.repeat(30), ...features);
    expect(long).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('The model reads 18 word pieces'),
    });
  });

  it('refuses what it cannot do, in one sentence', async () => {
    await writeSmallRun(at('vqa'), { featureSize: 6, pixelRegions: { numBoxes: 5 } });
    await sharp({ create: { width: 20, height: 20, channels: 3, background: '#383' } })
      .png()
      .toFile(at('a.png'));
    const features = ['--features', at('rows.tsv')];
    const run = ['--model', at('run')];
    for (const [words, exitCode, message] of [
      [['match', 'picture_96', ...run, ...features], 2, /There is no sentence: give some behind the picture/],
      [['match', 'picture_96', ' ', ...run, ...features], 2, /The sentence is empty/],
      [
        ['match', 'picture_96', 'red', ...run, ...features, '--detector', at('a.png')],
        2,
        /give one of the two/,
      ],
      [['match', at('a.png'), 'red', ...run], 2, /Name the weights with --detector/],
      [['match', at('a.png'), 'red', '--model', at('vqa')], 1, /has no matching head/],
      [['answer', 'picture_96', 'red?', ...run, ...features], 1, /has no answer head/],
      [
        [
          'evaluate',
          'match',
          at(COLOR_FILES.valid),
          '--model',
          at('vqa'),
          '--features',
          at(COLOR_FILES.features),
        ],
        1,
        /has no matching head/,
      ],
    ] as const) {
      const { stderr, ...outcome } = await lxmert(...words);
      expect({ stderr, exitCode: outcome.exitCode }, words.join(' ')).toEqual({
        stderr: expect.stringMatching(message),
        exitCode,
      });
    }
  });
});

describe('prepare captions', () => {
  it('writes the captions of a split as lines, whole or not at all', async () => {
    const images = ['train', 'test', 'test'].map((split, i) => ({
      filename: `${i}.jpg`,
      split,
      sentences: [{ raw: `Sentence ${i}.` }, { raw: `Another, ${i}.` }],
    }));
    writeFileSync(at('dataset.json'), JSON.stringify({ images, dataset: 'flickr30k' }));
    const prepare = (...more: string[]) => lxmert('prepare', 'captions', at('dataset.json'), ...more);
    const { stdout } = await prepare('--split', 'test', '--output', at('test.jsonl'));
    expect(stdout).toBe(`Wrote 4 captions of 2 images to ${at('test.jsonl')}.\n`);
    expect(readFileSync(at('test.jsonl'), 'utf8').split('\n')[0]).toBe('{"image":"1","text":"Sentence 1."}');
    writeFileSync(at('test.jsonl'), 'edited by hand');
    const again = ['--split', 'test', '--output', at('test.jsonl')];
    expect(await prepare(...again)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/test\.jsonl' is already there\..* --overwrite\.\n$/),
    });
    expect(readFileSync(at('test.jsonl'), 'utf8')).toBe('edited by hand');
    expect((await prepare(...again, '--overwrite')).exitCode).toBe(0);
    expect(await prepare('--output', at('none.jsonl'))).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('several splits'),
    });
    expect(existsSync(at('none.jsonl'))).toBe(false);
  });
});
