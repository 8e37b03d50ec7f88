/** @file Pre-training: masked words, matching, masked regions and question answering at once (paper, section 3). */

import { readCorpus } from '../data/pretraining/readCorpus.js';
import { PretrainingModel } from '../model/index.js';
import { pretrainingBatch } from './pretraining/batch.js';
import {
  evaluatePretraining,
  mergedTallies,
  type PretrainingScores,
  pretrainingScores,
} from './pretraining/evaluate.js';
import { DEFAULT_LOSSES, LOSS_TITLES, type LossKey, lossDenominators } from './pretraining/labels.js';
import { placedLosses } from './pretraining/losses.js';
import { placePretrainingBatch } from './pretraining/placedBatch.js';
import type { PretrainingHead, PretrainingTask } from './pretraining/pretrainingTask.js';

const head = (name: LossKey, prefix: string): PretrainingHead => ({ name, title: LOSS_TITLES[name], prefix });

export const task: PretrainingTask = {
  name: 'pretrain',
  title: 'Pre-training',
  heads: [
    head('words', 'cls.predictions'),
    head('matching', 'cls.seq_relationship'),
    head('objects', 'obj_predict_head'),
    head('attributes', 'obj_predict_head'),
    head('features', 'obj_predict_head'),
    head('answers', 'answer_head'),
  ],
  read: readCorpus,
  model: (config, classes) => new PretrainingModel(config, classes),
  batch: pretrainingBatch,
  counts: ({ labels }, losses) => lossDenominators(labels, losses),
  place: placePretrainingBatch,
  trainingLoss(model, placed, settings) {
    const { total, losses } = placedLosses(model, placed, settings, { training: true });
    return { total, parts: byTitle(losses) };
  },
  evaluate: evaluatePretraining,
  scores: (tallies, losses) => pretrainingScores(mergedTallies(tallies), losses),
  measures,
  sampling: { matching: true, wordMaskRate: 0.15, regionMaskRate: 0.15 },
  losses: DEFAULT_LOSSES,
  defaults: {
    learningRate: 1e-4,
    batchSize: 256,
    numEpochs: 20,
    warmupRatio: 0.05,
    clipNorm: 1,
    evaluationBatchSize: 128,
  },
  help: {
    pretrain: {
      description:
        'Pre-trains LXMERT with masked words, masked regions, matching of sentence and image, and question answering, as ' +
        "the reference does. Leaves a run folder with each epoch's weights and those with the lowest validation loss, " +
        'which fine-tuning and the reference load.',
      examples: [
        {
          command: 'lxmert pretrain --config configs/pretrain.toml',
          does: 'pre-trains with the published settings',
        },
        {
          command:
            'lxmert pretrain --train captions/train.json --valid captions/minival.json --features features/train --features features/minival --vocab vocab.txt --output runs/pretrain',
          does: 'pre-trains on sentences of your own, with answers made of their labels',
        },
      ],
    },
    evaluate: {
      description:
        'Prints each loss of pre-training on a split, and how many masked words, matches and answers are right, answers ' +
        'by data set too. Words and regions are masked and sentences exchanged as in training, always the same for one seed.',
      examples: [
        {
          command:
            'lxmert evaluate pretrain mscoco_minival.json --model runs/pretrain --features features/val2014',
          does: 'evaluates the weights with the lowest validation loss of a run',
        },
        {
          command:
            'lxmert evaluate pretrain mscoco_minival.json --model model_LXRT.pth --vocab vocab.txt --answers all_ans.json --features features/val2014',
          does: 'evaluates the published weights',
        },
      ],
    },
  },
};

/** By the names of the reference's log, in its order. */
function byTitle<T>(values: Readonly<Partial<Record<LossKey, T>>>): Record<string, T> {
  const titled: Record<string, T> = {};
  for (const { name, title } of task.heads) {
    const value = values[name];
    if (value !== undefined) titled[title] = value;
  }
  return titled;
}

function measures(scores: PretrainingScores): Record<string, number> {
  const accuracies = {
    accuracy_Mask_LM: scores.wordAccuracy,
    accuracy_Matched: scores.matchingAccuracy,
    accuracy_QA: scores.answerAccuracy,
    ...Object.fromEntries(
      scores.answersByDataSet.map(({ dataSet, accuracy }) => [`accuracy_QA_${dataSet}`, accuracy]),
    ),
  };
  const known = Object.entries(accuracies).filter(
    (entry): entry is [string, number] => entry[1] !== undefined,
  );
  return { ...byTitle(scores.losses), ...Object.fromEntries(known) };
}
