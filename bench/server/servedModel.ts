/** @file A run folder to serve, with random weights: sizes and time are those of a trained one. */

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { NUM_REGIONS } from '../../src/bench/questions.js';
import { saveCheckpoint } from '../../src/checkpoint/index.js';
import { LXMERT_BASE, lxmertConfig, questionAnsweringModel } from '../../src/model/index.js';
import { manualSeed } from '../../src/torch/index.js';

/** Of VQA. */
const NUM_ANSWERS = 3129;
const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
/** Ten word pieces with [CLS] and [SEP]: as long as VQA's questions are on average. */
export const WORDS = ['what', 'color', 'is', 'the', 'cat', 'on', 'table', '?'];

/** Writes a model of the published size, or a small one, that finds regions by pixels. */
export async function writeServedModel(folder: string, size: 'base' | 'small'): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const config =
    size === 'base'
      ? LXMERT_BASE
      : lxmertConfig({
          hiddenSize: 96,
          numAttentionHeads: 2,
          intermediateSize: 192,
          numLanguageLayers: 1,
          numVisionLayers: 1,
          numCrossLayers: 2,
        });
  manualSeed(1);
  using model = questionAnsweringModel(config, NUM_ANSWERS);
  await saveCheckpoint(path.join(folder, 'BEST.pth'), model.namedParameters(), 'reference-finetuned');
  const words = [...SPECIAL, ...WORDS];
  const rest = Array.from({ length: config.vocabSize - words.length }, (_, i) => `unused${i}`);
  writeFileSync(path.join(folder, 'vocab.txt'), `${[...words, ...rest].join('\n')}\n`);
  const answers = Array.from({ length: NUM_ANSWERS }, (_, i) => `answer ${i}`);
  writeFileSync(path.join(folder, 'trainval_label2ans.json'), JSON.stringify(answers));
  writeFileSync(
    path.join(folder, 'config.json'),
    JSON.stringify({ model: config, maxLength: 20, pixelRegions: { numBoxes: NUM_REGIONS } }),
  );
}

/** Different questions of the same length. */
export function questionOf(index: number): string {
  const start = index % (WORDS.length - 1);
  const words = WORDS.slice(0, -1);
  return `${[...words.slice(start), ...words.slice(0, start)].join(' ')}?`;
}
