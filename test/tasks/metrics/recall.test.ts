/** @file Recall worked out by hand. */

import { describe, expect, it } from 'vitest';
import { type RecallAt, retrievalRecall } from '../../../src/tasks/metrics/recall.js';

/** Rows are images, columns sentences. */
function recallOf(table: readonly (readonly number[])[], pairs: readonly (readonly [number, number])[]) {
  return retrievalRecall(
    {
      numImages: table.length,
      numSentences: table[0]!.length,
      of: (image, sentence) => table[image]![sentence]!,
    },
    pairs,
  );
}
const recalls = (rows: readonly RecallAt[]): number[] => rows.map(({ recall }) => recall);
const chances = (rows: readonly RecallAt[]): number[] => rows.map(({ chance }) => chance);

describe('recall at 1, 5 and 10', () => {
  it('counts what stands before the best that belongs, in each direction', () => {
    // Image i has the sentences 2i and 2i + 1; twelve sentences.
    const pairs = Array.from({ length: 12 }, (_, sentence) => [Math.floor(sentence / 2), sentence] as const);
    const table = [
      // Both of its own are best: rank 1.
      [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0],
      // Own: places 2 and 3; the better is behind two others: rank 3.
      [9, 8, 1, 7, 0, 0, 0, 0, 0, 0, 0, 0],
      // Own: places 4 and 5, behind five: rank 6.
      [9, 8, 7, 6, 2, 1, 5, 0, 0, 0, 0, 0],
      // Own: places 6 and 7, the last ones: behind ten, rank 11.
      [9, 9, 9, 9, 9, 9, 1, 0, 9, 9, 9, 9],
      [9, 9, 9, 9, 9, 9, 9, 9, 8, 10, 9, 9],
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    ];
    const { sentencesForImage, imagesForSentence } = recallOf(table, pairs);
    // Ranks 1, 3, 6, 11, 1, 1.
    expect(sentencesForImage.map(({ k }) => k)).toEqual([1, 5, 10]);
    expect(recalls(sentencesForImage)).toEqual([3 / 6, 4 / 6, 5 / 6]);
    // By columns, ranks of the own image among six, ties counted before it:
    // 0: five others hold 9, 9, 9, 9, 1 against 9: rank 5; 1: 8, 8, 9, 9, 2 against 8: rank 5;
    // 2: others 7, 7, 9, 9, 3 against 1: 6; 3: others 6, 6, 9, 9, 4 against 7: 3;
    // 4: others 5, 0, 9, 9, 5 against 2: 5; 5: others 4, 0, 9, 9, 6 against 1: 5;
    // 6: others 3, 0, 5, 9, 7 against 1: 5; 7: others 2, 0, 0, 9, 8 against 0: 6;
    // 8: others 1, 0, 0, 9, 9 against 8: 3; 9: others 0, 0, 0, 9, 10 against 10: 2;
    // 10: others 0, 0, 0, 9, 9 against 11: 1; 11: likewise against 12: 1.
    expect(recalls(imagesForSentence)).toEqual([2 / 12, 10 / 12, 1]);
  });

  it('is nothing for a model that says the same of all', () => {
    const pairs = Array.from({ length: 20 }, (_, i) => [i, i] as const);
    const { sentencesForImage, imagesForSentence } = recallOf(
      pairs.map(() => pairs.map(() => 0.5)),
      pairs,
    );
    expect(recalls(sentencesForImage)).toEqual([0, 0, 0]);
    expect(recalls(imagesForSentence)).toEqual([0, 0, 0]);
  });

  it('is nothing for a model whose scores are no numbers', () => {
    const pairs = Array.from({ length: 20 }, (_, i) => [i, i] as const);
    const { sentencesForImage, imagesForSentence } = recallOf(
      pairs.map(() => pairs.map(() => Number.NaN)),
      pairs,
    );
    expect(recalls(sentencesForImage)).toEqual([0, 0, 0]);
    expect(recalls(imagesForSentence)).toEqual([0, 0, 0]);
  });

  it('lets a sentence belong to every image that it stands with', () => {
    // The first sentence is of both images: neither stands before the other.
    const { imagesForSentence, sentencesForImage } = recallOf(
      [
        [5, 1],
        [5, 4],
      ],
      [
        [0, 0],
        [1, 0],
        [1, 1],
      ],
    );
    expect(recalls(imagesForSentence)).toEqual([1, 1, 1]);
    expect(recalls(sentencesForImage)).toEqual([1, 1, 1]);
  });

  it('says what chance gives', () => {
    const one = Array.from({ length: 20 }, (_, i) => [i, i] as const);
    const square = one.map(() => one.map(() => 0));
    expect(chances(recallOf(square, one).imagesForSentence).map((each) => Number(each.toFixed(12)))).toEqual([
      1 / 20,
      5 / 20,
      10 / 20,
    ]);
    // Two of four belong: one draw finds one with 1/2; with five draws all are drawn.
    const { sentencesForImage } = recallOf(
      [
        [0, 0, 0, 0],
        [0, 0, 0, 0],
      ],
      [
        [0, 0],
        [0, 1],
        [1, 2],
        [1, 3],
      ],
    );
    expect(chances(sentencesForImage)).toEqual([1 / 2, 1, 1]);
  });
});
