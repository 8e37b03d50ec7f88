/** @file What a fine-tuning is told: data, model, settings. */

import type { Question } from '../data/annotations/question.js';
import type { QuestionSet } from '../data/questionSet.js';
import type { LxmertConfig } from '../model/index.js';
import type { AnswerLossName, Prediction, RegionSource, Task } from '../tasks/index.js';
import type { Vocabulary } from '../text/index.js';
import type { InitialWeights } from './initialWeights.js';
import type { RunFolder } from './runFolder.js';
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
