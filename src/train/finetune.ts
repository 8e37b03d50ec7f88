/** @file Fine-tuning: a task of sentences about images, from its first weights to its best. */

import type { Question } from '../data/annotations/question.js';
import { TaskModel } from '../model/index.js';
import { headsOf, type Prediction, type TaskScores } from '../tasks/index.js';
import { manualSeed } from '../torch/index.js';
import type { FinetuneOptions } from './finetuneOptions.js';
import { FinetuneTraining } from './finetuneTraining.js';
import { loadInitialWeights } from './initialWeights.js';
import { Trainer, type TrainerResult } from './trainer.js';

export interface FinetuneResult extends TrainerResult {
  readonly runFolder: string;
  /** What the validation examples' words alone give, see `openingAnswers`. */
  readonly blindScore: number;
  /** Scores of the last epoch's evaluation. */
  readonly scores: TaskScores | undefined;
}

/**
 * Trains and leaves in the run folder, besides what every run leaves: BEST.pth and LAST.pth under the reference's
 * fine-tuned names, and the best scores.
 *
 * @throws LxmertError for weights or data that do not fit the model, and when a step fails; what is whole is saved before
 */
export async function finetune<Example extends Question, Predicted extends Prediction, Head extends string>(
  options: FinetuneOptions<Example, Predicted, Head>,
): Promise<FinetuneResult> {
  const { task, training, settings, config, initialWeights } = options;
  const { answerTable } = training;
  manualSeed(settings.seed);
  const model = new TaskModel<Head>(config, headsOf(task, answerTable), task.imagesPerExample);
  try {
    const bound = new FinetuneTraining(model, options);
    const trainer = new Trainer({
      ...options,
      model,
      task: bound,
      loadWeights:
        initialWeights &&
        ((say) => loadInitialWeights(initialWeights, model.namedParameters(), answerTable, say)),
    });
    const result = await trainer.train();
    const { blindScore, scores } = bound;
    return { ...result, runFolder: options.run.path, blindScore, scores };
  } finally {
    model.dispose();
  }
}
