/** @file What is said of a training that would take hours. */

import { describe, expect, it } from 'vitest';
import { longRunNotice, productsOf, rowsOf } from '../../src/cli/runDuration.js';
import type { Question } from '../../src/data/annotations/question.js';
import { LXMERT_BASE, lxmertConfig } from '../../src/model/index.js';
import { Vocabulary } from '../../src/text/index.js';

const example = (sentence: string, ...imageIds: string[]): Question => ({
  questionId: '1',
  imageIds,
  sentence,
  labels: undefined,
  questionType: '',
  answerType: '',
});
const run = {
  config: LXMERT_BASE,
  precision: 'float32',
  numExamples: 38_575,
  numEpochs: 4,
  numWords: 10,
  numRegions: 36,
  isFromScratch: true,
} as const;

describe('a training that would take hours', () => {
  it('is told of with its hours and the small recipe, and a short one is not', () => {
    expect(longRunNotice(run, 100e9)).toMatch(
      /^A model of 19 layers of width 768 takes about 1[0-9] h \d\d min for 4 epochs of these 38,575 examples.*--config small/,
    );
    expect(longRunNotice({ ...run, isFromScratch: false }, 100e9)).toContain('--train-share');
    expect(longRunNotice(run, 100e12)).toBeUndefined();
    expect(longRunNotice({ ...run, numExamples: 300 }, 100e9)).toBeUndefined();
  });

  it('has as many words and regions as its examples', () => {
    const vocabulary = new Vocabulary(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'a', 'b']);
    const rows = rowsOf(
      [example('a b', 'x'), example('a', 'x'), example('a b a b', 'y')],
      vocabulary,
      { numBoxesOf: (id) => (id === 'x' ? 6 : 9) },
      5,
    );
    // [CLS] and [SEP] with it, the last cut to five.
    expect(rows).toEqual({ numExamples: 3, numWords: (4 + 3 + 5) / 3, numRegions: 7 });
  });

  it('multiplies each row by the weights of its layers', () => {
    const layers = { numLanguageLayers: 2, numVisionLayers: 1, numCrossLayers: 3 };
    const sizes = { hiddenSize: 4, numAttentionHeads: 2, intermediateSize: 8, visualFeatureSize: 5 };
    const config = lxmertConfig({ vocabSize: 9, ...sizes, ...layers });
    // Query, key, value and output 4 x 4 each; 4 x 8 and 8 x 4; a cross layer has attention twice.
    const word = 2 * (64 + 64) + 3 * (64 + 64 + 64);
    const region = 5 * 4 + 1 * (64 + 64) + 3 * (64 + 64 + 64);
    expect(productsOf(config, 10, 3)).toBe(10 * word + 3 * region);
  });
});
