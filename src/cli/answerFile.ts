/** @file What `evaluate vqa` and `predict vqa` share: a model answers the questions of a file. */

import { z } from 'zod';
import { readQuestions } from '../data/annotations/vqaAnnotations.js';
import { QuestionSet } from '../data/questionSet.js';
import { loadAnsweringModel } from '../inference/modelFolder.js';
import { predictAnswers } from '../tasks/predictAnswers.js';
import { vqa } from '../tasks/vqa.js';
import { bfloat16Warning } from '../torch/processor.js';
import { runtimeLine } from '../torch/runtime.js';
import type { CommandContext } from './command.js';
import {
  checkFeatures,
  featureOptions,
  modelOptions,
  modelSource,
  openFeatures,
  otherFeaturesOption,
} from './modelOptions.js';

/** The flags that {@link answerFile} reads. */
export const answerFileOptions = {
  ...modelOptions,
  ...featureOptions,
  ...otherFeaturesOption,
  batchSize: z.int().min(1).default(vqa.evaluationBatchSize).describe('Questions at a time'),
};

type Options = z.output<z.ZodObject<typeof answerFileOptions>>;

export interface AnsweredFile {
  /** The questions whose images have features. */
  readonly set: QuestionSet;
  /** One for each question of the set. */
  readonly answers: readonly string[];
  readonly weightsFile: string;
}

/** Answers every question of a file about an image with features; the others are left out and counted. */
export async function answerFile(
  file: string,
  options: Options,
  { progress, notice, signal }: Pick<CommandContext<unknown, unknown>, 'progress' | 'notice' | 'signal'>,
): Promise<AnsweredFile> {
  using store = openFeatures(options);
  const answering = await loadAnsweringModel(modelSource(options));
  try {
    notice(`${runtimeLine()}, ${options.precision}`);
    const warning = options.precision === 'bfloat16' ? bfloat16Warning() : undefined;
    if (warning !== undefined) notice(warning);
    checkFeatures(store, answering, options.allowOtherFeatures, notice);
    const set = new QuestionSet({
      questions: await readQuestions(file),
      hasImage: (id) => store.has(id),
      answerTable: answering.answerTable,
      // An answer that the model cannot give costs its score, as in the reference's evaluation.
      unknownAnswers: 'skip',
      name: file,
    });
    const display = progress('Answering', 'questions');
    const answers = await predictAnswers(answering, store, set.questions, {
      batchSize: options.batchSize,
      progress: display,
      signal,
    }).finally(() => display.stop());
    return { set, answers, weightsFile: answering.weightsFile };
  } finally {
    answering.model.dispose();
  }
}
