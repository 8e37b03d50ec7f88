/** @file Options and sentences that pre-training and its evaluation share. */

import path from 'node:path';
import { z } from 'zod';
import { type ReadCorpus, type ReadCorpusOptions, readCorpus } from '../data/pretraining/readCorpus.js';
import type { FeatureStore } from '../features/index.js';
import { formatCount, formatPercent } from '../formats/numbers.js';
import { LOSS_KEYS, LOSS_TITLES, type PretrainingScores } from '../tasks/pretraining/index.js';
import { featureOptions, openFeatures } from './sharedOptions/modelOptions.js';

/** Images that `--tiny` keeps of each feature file in pre-training, as the reference's does. */
const TINY_IMAGES = 500;

export const pretrainFeatureOptions = {
  features: featureOptions.features,
  tiny: z.boolean().default(false).describe('Use the first 500 images of each feature store only'),
  fast: featureOptions.fast,
};

export const qaSetsOption = {
  qaSets: z
    .array(z.string().min(1))
    .optional()
    .describe('Data sets whose answers are kept (vqa, gqa, visual7w) [default: all of the table]'),
};

export const sourcesOption = {
  sources: z
    .array(z.string().min(1))
    .optional()
    .describe('Data sets whose sentences are read, such as mscoco,vg [default: all]'),
};

/** Opens the stores. @throws UsageError for --tiny with --fast */
export function openPretrainFeatures(options: {
  features: string[];
  tiny: boolean;
  fast: boolean;
}): FeatureStore {
  return openFeatures(options, TINY_IMAGES);
}

/** Reads sentences and says how many there are. What was left out, the corpus says where it is used. */
export async function readSentences(
  files: readonly string[],
  store: FeatureStore,
  reading: Pick<ReadCorpusOptions, 'answerTable' | 'sources' | 'maxLeftOut'>,
  notice: (line: string) => void,
): Promise<ReadCorpus> {
  const read = await readCorpus({
    files,
    hasImage: (id) => store.has(id),
    imageIds: store.imageIds,
    ...reading,
  });
  const { corpus } = read;
  const names = files.map((file) => path.basename(file)).join(', ');
  notice(
    `${names}: ${formatCount(corpus.size, 'sentence')} about ${formatCount(corpus.imageIds.length, 'image')}.`,
  );
  return read;
}

/** Losses and accuracies as lines for a person. */
export function renderScores(scores: PretrainingScores): string[] {
  const lines = [`Loss ${scores.loss.toFixed(4)}`];
  const row = (name: string, loss: number | undefined, note = ''): void => {
    lines.push(`  ${name.padEnd(10)}${(loss?.toFixed(4) ?? '').padStart(9)}${note && `   ${note}`}`);
  };
  const right = (share: number | undefined): string =>
    share === undefined ? '' : `${formatPercent(share)} right`;
  const notes: Partial<Record<string, string>> = {
    words: right(scores.wordAccuracy),
    matching: right(scores.matchingAccuracy),
    answers: right(scores.answerAccuracy),
  };
  for (const key of LOSS_KEYS) {
    const loss = scores.losses[key];
    if (loss !== undefined) row(LOSS_TITLES[key], loss, notes[key]);
  }
  if (scores.answersByDataSet.length > 0) lines.push('', 'QA accuracy by data set');
  for (const { dataSet, accuracy, numQuestions } of scores.answersByDataSet) {
    lines.push(`  ${dataSet.padEnd(28)}${formatPercent(accuracy).padStart(9)}  of ${numQuestions}`);
  }
  if (scores.answerAccuracyOfAllPairs !== undefined) {
    lines.push(
      `Counted as the reference does, exchanged questions too: ${formatPercent(scores.answerAccuracyOfAllPairs)}.`,
    );
  }
  return lines;
}
