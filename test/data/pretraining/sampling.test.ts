import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AnswerTable } from '../../../src/data/answerTable.js';
import { cleanAnswers } from '../../../src/data/pretraining/cleanAnswers.js';
import { CorpusBuilder } from '../../../src/data/pretraining/corpus.js';
import { drawsOf } from '../../../src/data/pretraining/draws.js';
import { readCorpus } from '../../../src/data/pretraining/readCorpus.js';
import {
  otherImagesExample,
  type SampledExample,
  sampleExample,
} from '../../../src/data/pretraining/sampling.js';

const table = new AnswerTable(['cat', '2', 'gray', '3']);

describe('cleanAnswers', () => {
  it.each([
    [
      'unknown ones go, known ones keep their place',
      [
        ['zzz', 1],
        ['cat', 0.5],
        ['3', 0.3],
      ],
      [
        [0, 0.5],
        [3, 0.3],
      ],
    ],
    [
      'a new spelling goes to the end',
      [
        ['two', 1],
        ['3', 0.3],
      ],
      [
        [3, 0.3],
        [1, 1],
      ],
    ],
    [
      'of equal ones the last counts',
      [
        ['Two.', 1],
        ['cat', 0.5],
        ['two', 0.3],
      ],
      [
        [0, 0.5],
        [1, 0.3],
      ],
    ],
  ] as const)('%s', (_, label, expected) => {
    expect([...cleanAnswers(label, table)]).toEqual(expected);
  });
});

describe('readCorpus', () => {
  let folder = '';
  const write = async (content: string): Promise<string> => {
    const file = path.join(folder, 'captions.json');
    await writeFile(file, content);
    return file;
  };
  const read = async (content: string, hasImage: (id: string) => boolean = () => true, maxLeftOut = 1) =>
    readCorpus({ files: [await write(content)], hasImage, answerTable: table, maxLeftOut });
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'corpus-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('keeps answers that are numbers in their place, and text that looks like such keys as it is', async () => {
    const sentence = 'He said {"3": "2"}, "7": \u{1f600}';
    const image = {
      img_id: 'a',
      sentf: { vqa: [sentence] },
    };
    const json = JSON.stringify([image]).replace(/\}\]$/, ',"labelf":{"vqa":[{"cat":1,"3":0.5,"2":0.25}]}}]');
    const { corpus } = await read(json);
    expect(corpus.sentence(0)).toBe(sentence);
    expect([...corpus.answers(0).rows]).toEqual([0, 3, 1]);
    expect([...corpus.answers(0).scores]).toEqual([1, 0.5, 0.25]);
  });

  it('leaves out images without features, and says so when none is left', async () => {
    const json = JSON.stringify(['a', 'b'].map((id) => ({ img_id: id, sentf: { mscoco: [`of ${id}`] } })));
    const { corpus, leftOut } = await read(json, (id) => id === 'b');
    expect([corpus.size, corpus.sentence(0)]).toEqual([1, 'of b']);
    expect(leftOut.counts).toEqual({ numWithoutImage: 1, firstWithoutImage: ['a'] });
    expect(corpus.notices).toEqual([
      expect.stringMatching(/^1 of 2 images \(50\.0 %\) of .* left out: .*'a'/),
    ]);
    await expect(read(json, (id) => id === 'b', 0.4)).rejects.toThrow(
      /1 of 2 images .* at most 40 % may be left out: 'a'.*--max-left-out all/,
    );
    await expect(read(json, () => false)).rejects.toThrow(
      /None of the 2 images .* has features here: 'a', 'b'/,
    );
  });

  it.each([
    [
      '[{"img_id":"a","sentf":{"vqa":["q"]},"labelf":{"vqa":[]}}]',
      /image 0 \('a'\) has 1 sentence of 'vqa' but 0 labels/,
    ],
    ['[{"img_id":"a","sentf":{"vqa":"q"}}]', /image 0, key 'sentf.vqa'/],
    ['[]', /There is no sentence/],
  ])('%s is refused', async (json, message) => {
    await expect(read(json)).rejects.toThrow(message);
  });
});

function corpusOf(numImages: number, numSentences: number) {
  const builder = new CorpusBuilder();
  for (let i = 0; i < numImages; i++) {
    for (let k = 0; k < numSentences; k++) {
      builder.add(
        `image ${i}`,
        'vqa',
        `${i} ${k}`,
        new Map([
          [0, 1],
          [1, 3],
        ]),
      );
    }
  }
  return builder.finish();
}

describe('sampleExample', () => {
  const corpus = corpusOf(40, 5);
  const text = { piecesOf: () => [11, 12, 13, 14, 15, 16, 17, 18, 19, 20], vocabularySize: 100, maskId: 4 };
  const settings = { matching: true, wordMaskRate: 0.15, regionMaskRate: 0.15 };
  const sample = (example: number, pass: string): SampledExample =>
    sampleExample(corpus, example, text, () => 36, settings, drawsOf(9595, pass, example));

  it('depends on seed, pass and example alone', () => {
    const before = sample(17, 'epoch 3');
    for (let i = 0; i < 20; i++) sample(i, 'epoch 3');
    expect(sample(17, 'epoch 3')).toEqual(before);
    expect(sample(17, 'epoch 4')).not.toEqual(before);
    expect(sample(18, 'epoch 3').regions).not.toEqual(before.regions);
  });

  it('has the rates of the paper', () => {
    const samples = Array.from({ length: 4000 }, (_, i) =>
      sample(i % corpus.size, `epoch ${Math.floor(i / 200)}`),
    );
    const share = (count: number, of: number): number => count / of;
    const numMatched = samples.filter(({ isMatched }) => isMatched).length;
    expect(share(numMatched, samples.length)).toBeCloseTo(0.5, 1);
    const words = samples.flatMap(({ words: { pieces, labels } }) =>
      labels.map((label, i) => ({ label, shown: pieces[i]! })),
    );
    const masked = words.filter(({ label }) => label >= 0);
    expect(Math.abs(share(masked.length, words.length) - 0.15)).toBeLessThan(0.01);
    expect(share(masked.filter(({ shown }) => shown === 4).length, masked.length)).toBeCloseTo(0.8, 1);
    const replaced = masked.filter(({ shown, label }) => shown !== 4 && shown !== label).length;
    expect(share(replaced, masked.length)).toBeCloseTo(0.1, 1);
    const numMasked = samples.reduce((n, { regions }) => n + regions.mask.reduce((a, b) => a + b, 0), 0);
    expect(Math.abs(share(numMasked, 36 * samples.length) - 0.15)).toBeLessThan(0.01);
    const numZeroed = samples.reduce((n, { regions }) => n + regions.zeroed.length, 0);
    expect(share(numZeroed, numMasked)).toBeCloseTo(0.8, 1);
    const numSubstitutes = samples.reduce((n, { regions }) => n + regions.substitutes.length, 0);
    expect(share(numSubstitutes, numMasked)).toBeCloseTo(0.1, 1);
    const answers = samples.filter(({ isMatched }) => isMatched).map(({ answer }) => answer);
    expect(share(answers.filter((answer) => answer === 1).length, answers.length)).toBeCloseTo(0.75, 1);
    expect(samples.every(({ isMatched, answer }) => isMatched || answer === -1)).toBe(true);
  });

  it('without matching keeps every sentence, and with one image says what is missing', () => {
    const alone = corpusOf(1, 3);
    const show = (matching: boolean) =>
      Array.from({ length: 30 }, (_, i) =>
        sampleExample(alone, 0, text, () => 36, { ...settings, matching }, drawsOf(1, `epoch ${i}`, 0)),
      );
    expect(show(false).every(({ isMatched }) => isMatched)).toBe(true);
    expect(() => show(true)).toThrow('at least two images');
  });
});

describe('a sentence of another image', () => {
  it('is drawn again until the image differs, from any examples that have images', () => {
    const images = ['a', 'a', 'b', 'c'];
    const sentences = { size: images.length, imageOf: (example: number) => images[example] };
    const drawn = [1, 0, 2];
    const draws = {
      uniform: () => 0,
      weighted: () => 0,
      integer: (n: number) => {
        expect(n).toBe(4);
        return drawn.shift()!;
      },
    };
    expect(otherImagesExample(sentences, 0, draws)).toBe(2);
    expect(drawn).toEqual([]);
    const counts = new Map<number, number>();
    for (let i = 0; i < 400; i++) {
      const other = otherImagesExample(sentences, 3, drawsOf(5, 'epoch 0', i));
      counts.set(other, (counts.get(other) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual([0, 1, 2]);
    for (const count of counts.values()) expect(count).toBeGreaterThan(90);
  });

  it('needs a second image', () => {
    const sentences = { size: 3, imageOf: () => 'a' };
    expect(() => otherImagesExample(sentences, 0, drawsOf(1, 'x', 0))).toThrow('at least two images');
  });
});
