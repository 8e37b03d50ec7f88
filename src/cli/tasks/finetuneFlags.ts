/** @file The flags of `lxmert finetune TASK`, by how a task has its answers. */

import { z } from 'zod';
import { MAX_LEFT_OUT } from '../../data/leftOut.js';
import { LOSS_NAMES, type Task } from '../../tasks/index.js';
import { existingFile, outputPath, weightsFile } from '../options.js';
import { processOptions } from '../processes.js';
import { leftOutOption } from '../sharedOptions/leftOutOption.js';
import { featureOptions, otherFeaturesOption } from '../sharedOptions/modelOptions.js';
import { seedOption } from '../sharedOptions/seedOption.js';
import { architectureOptions, scheduleOptions, snapshotOptions } from '../sharedOptions/trainingOptions.js';

/** Flags of every task, in the order of the help. */
export function sharedFlags(task: Task) {
  return {
    train: z.array(existingFile()).min(1).describe('Training examples (JSON)'),
    valid: existingFile().describe('Validation examples (JSON)'),
    trainShare: z
      .number()
      .gt(0)
      .max(1)
      .default(1)
      .describe('Share of the training examples that is used, 0 to 1, drawn by --seed')
      .meta({ valueName: 'SHARE' }),
    ...featureOptions,
    ...otherFeaturesOption,
    ...leftOutOption(MAX_LEFT_OUT),
    vocab: existingFile().describe('Vocabulary file (BERT vocab.txt)'),
    output: outputPath().describe('Run folder to make; without --resume it must not hold files yet'),
    loadEncoder: weightsFile().optional().describe('Pre-trained weights; the heads are drawn anew'),
    load: weightsFile().optional().describe("Weights to go on from, the task's heads included"),
    ...architectureOptions,
    ...scheduleOptions({
      noun: 'examples',
      ...task.defaults,
    }),
    ...snapshotOptions,
    ...processOptions,
    ...seedOption('the first weights, dropout and order'),
  };
}

/** Flags that start answers from the rows of a pre-trained head. */
const pretrainedAnswerFlags = {
  loadWithAnswers: weightsFile()
    .optional()
    .describe('Pre-trained weights; answers that the pre-trained head knows start from its rows'),
  pretrainingAnswers: existingFile()
    .optional()
    .describe('Answer table of the pre-trained head (all_ans.json), for --load-with-answers'),
};

/** Flags of tasks whose answers stand in a table. */
export const tableFlags = {
  answers: existingFile().describe('Answer table (label2ans JSON)'),
  ...pretrainedAnswerFlags,
  mceLoss: z
    .boolean()
    .default(false)
    .describe('Cross-entropy against the best answer in place of binary cross-entropy'),
};

/** Flags of tasks whose table is made of the training labels. */
export function builtFlags({ loss }: Task) {
  return {
    answers: existingFile()
      .optional()
      .describe('Answer table (label2ans JSON) [default: made of the training labels]'),
    ...pretrainedAnswerFlags,
    loss: z.enum(LOSS_NAMES).default(loss).describe('class: one right answer; soft: several, or scores'),
  };
}

/** Flags of tasks that make answers in several spellings one. */
export const spellingFlags = {
  keepCase: z
    .boolean()
    .default(false)
    .describe('Keep answers apart that differ in capitals alone, in the table that is made'),
};

/** Flags of tasks whose rare answers are left out of the table that is made. */
export function rareAnswerFlags({ minOccurrences }: Task) {
  return {
    minOccurrences: z
      .int()
      .min(1)
      .default(minOccurrences ?? 1)
      .describe('Training examples that an answer must be in to be in the table that is made'),
  };
}

type SharedFlags = z.output<z.ZodObject<ReturnType<typeof sharedFlags>>>;
type TableFlags = z.output<z.ZodObject<typeof tableFlags>>;
type BuiltFlags = z.output<z.ZodObject<ReturnType<typeof builtFlags>>>;
type RareAnswerFlags = z.output<z.ZodObject<ReturnType<typeof rareAnswerFlags>>>;
type SpellingFlags = z.output<z.ZodObject<typeof spellingFlags>>;
/** What `run` may find, whatever the task. */
export type FinetuneFlags = SharedFlags &
  Partial<TableFlags> &
  Partial<BuiltFlags> &
  Partial<RareAnswerFlags> &
  Partial<SpellingFlags>;
