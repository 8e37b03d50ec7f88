/** @file Inference: batches about as many images as questions and about few. */

import {
  type AnsweringPrecision,
  type QuestionAnsweringModel,
  questionAnsweringModel,
  useForInference,
} from '../../model/index.js';
import { noGrad, scope } from '../../torch/index.js';
import { type BatchSize, forwardOperations } from '../operations.js';
import { batchOf, randomInputs } from '../questions.js';
import { type BenchResult, type BenchSettings, timedProducts } from '../result.js';

/** Questions about one image, where images are shared. */
const PER_IMAGE = 5;

export async function inference(settings: BenchSettings<AnsweringPrecision>): Promise<BenchResult[]> {
  using model = questionAnsweringModel(settings.config, settings.numAnswers);
  useForInference(model, settings.precision);
  const { batchSize } = settings;
  return [
    await batch(settings, model, 'inference', `${batchSize} questions, each about its own image`, 1),
    await batch(
      settings,
      model,
      'inference-shared',
      `${batchSize} questions, ${PER_IMAGE} about each image`,
      PER_IMAGE,
    ),
  ];
}

async function batch(
  settings: BenchSettings<AnsweringPrecision>,
  model: QuestionAnsweringModel,
  name: string,
  description: string,
  perImage: number,
): Promise<BenchResult> {
  const size = batchOf(settings.batchSize, perImage);
  const result = await timedProducts(settings, operationsOf(settings, size), () => answer(model, size));
  return {
    name,
    description,
    rate: size.numPieces.length / result.minSeconds,
    rateUnit: 'questions/s',
    ...result,
  };
}

export function answer(model: QuestionAnsweringModel, size: BatchSize): void {
  scope(() => noGrad(() => model.forward(randomInputs(model.config, size)).logits.answer.data()));
}

export function operationsOf(
  { config, numAnswers }: BenchSettings<AnsweringPrecision>,
  size: BatchSize,
): number {
  return forwardOperations(config, size, numAnswers);
}
