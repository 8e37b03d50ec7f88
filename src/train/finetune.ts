/** @file Fine-tuning: a task of sentences about images, from its first weights to its best. */

import type { Question } from '../data/annotations/question.js';
import type { QuestionSet } from '../data/questionSet.js';
import { type LxmertConfig, TaskModel } from '../model/index.js';
import type { RegionSource } from '../tasks/batchInputs.js';
import type { AnswerLossName } from '../tasks/losses.js';
import { headsOf, type Prediction, type Task } from '../tasks/task.js';
import type { TaskScores } from '../tasks/taskScores.js';
import type { Vocabulary } from '../text/index.js';
import { manualSeed } from '../torch/index.js';
import { FinetuneTraining } from './finetuneTraining.js';
import { type InitialWeights, loadInitialWeights } from './initialWeights.js';
import type { RunFolder } from './runFolder.js';
import { Trainer, type TrainerResult } from './trainer.js';
import type { RunOptions, TrainingSettings } from './trainerOptions.js';

/** The numbers that decide a run, besides data and model. */
export interface FinetuneSettings extends TrainingSettings {
  /** How the head that chooses an answer is trained. */
  readonly loss: AnswerLossName;
}

export interface FinetuneOptions<
  Example extends Question = Question,
  Predicted extends Prediction = Prediction,
  Head extends string = string,
> extends RunOptions {
  readonly run: RunFolder;
  readonly config: LxmertConfig;
  readonly vocabulary: Vocabulary;
  readonly task: Task<Example, Predicted, Head>;
  readonly training: QuestionSet<Example>;
  readonly validation: QuestionSet<Example>;
  readonly features: RegionSource;
  readonly settings: FinetuneSettings;
  /** Where the first weights come from; nothing means drawn at random. */
  readonly initialWeights?: InitialWeights | undefined;
}

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
