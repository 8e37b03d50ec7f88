/** @file The flags of `lxmert pretrain`. */

import { z } from 'zod';
import { MAX_LEFT_OUT } from '../../data/leftOut.js';
import { PUBLISHED_CLASSES } from '../../model/index.js';
import type { PretrainingTask } from '../../tasks/pretraining/index.js';
import { existingFile, outputPath, weightsFile } from '../options.js';
import { pretrainFeatureOptions, qaSetsOption, sourcesOption } from '../pretrainData.js';
import { processOptions } from '../processes.js';
import { leftOutOption } from '../sharedOptions/leftOutOption.js';
import { otherFeaturesOption } from '../sharedOptions/modelOptions.js';
import { architectureOptions, scheduleOptions, snapshotOptions } from '../sharedOptions/trainingOptions.js';

const weightOf = (loss: string) =>
  z
    .number()
    .min(0)
    .default(1)
    .describe(`Weight of the loss of ${loss}; 0 leaves it out`)
    .meta({ valueName: 'WEIGHT' });
const rateOf = (what: string) =>
  z
    .number()
    .gt(0)
    .max(1)
    .default(0.15)
    .describe(`Share of the ${what} that are to be predicted, 0 to 1`)
    .meta({ valueName: 'SHARE' });

/** In the order of the help. */
export const pretrainFlags = ({ defaults }: PretrainingTask) =>
  z.strictObject({
    train: z.array(existingFile()).min(1).describe('Sentences of images for training (aggregated JSON)'),
    valid: z.array(existingFile()).min(1).describe('Sentences of images for validation'),
    ...sourcesOption,
    ...pretrainFeatureOptions,
    ...otherFeaturesOption,
    ...leftOutOption(MAX_LEFT_OUT),
    answers: existingFile()
      .optional()
      .describe('Answer table (all_ans.json, or label2ans JSON) [default: made of the training labels]'),
    ...qaSetsOption,
    vocab: existingFile().describe('Vocabulary file (BERT vocab.txt)'),
    output: outputPath().describe('Run folder to make; without --resume it must not hold files yet'),
    load: weightsFile().optional().describe('Pre-trained weights to go on from, all heads included'),
    loadWithoutAnswers: weightsFile()
      .optional()
      .describe('Pre-trained weights to go on from; the answer head is drawn anew'),
    loadBert: weightsFile()
      .optional()
      .describe('BERT weights for the language layers; what is about vision is drawn anew'),
    ...architectureOptions,
    objectClasses: z
      .int()
      .min(1)
      .default(PUBLISHED_CLASSES.numObjects)
      .describe("The detector's object classes, from scratch"),
    attributeClasses: z
      .int()
      .min(1)
      .default(PUBLISHED_CLASSES.numAttributes)
      .describe("The detector's attribute classes, from scratch"),
    maskLmWeight: weightOf('masked words'),
    matchedWeight: weightOf('matching; without it no sentence is exchanged'),
    objWeight: weightOf("the regions' object classes"),
    attrWeight: weightOf("the regions' attribute classes"),
    featWeight: weightOf("the masked regions' features"),
    qaWeight: weightOf('question answering'),
    qaFromEpoch: z
      .int()
      .min(0)
      .default(0)
      .describe('First epoch, from 0, with question answering (10 of 20 in the paper)')
      .meta({ valueName: 'EPOCH' }),
    wordMaskRate: rateOf('word pieces'),
    objectMaskRate: rateOf('regions'),
    onlyMaskedObjects: z
      .boolean()
      .default(false)
      .describe('Predict classes of masked regions only; the reference predicts those of all'),
    onlyMatchedWords: z
      .boolean()
      .default(false)
      .describe('Predict masked words only where sentence and image belong together'),
    ...scheduleOptions({
      noun: 'sentences',
      ...defaults,
    }),
    ...snapshotOptions,
    ...processOptions,
    seed: z
      .int()
      .min(0)
      .default(9595)
      .describe('Seed of the first weights, dropout, order and masks')
      .meta({ valueName: 'SEED' }),
  });
export type PretrainFlags = z.output<ReturnType<typeof pretrainFlags>>;
