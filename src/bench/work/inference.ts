/** @file Inference: batches about as many images as questions and about few, and single questions. */

import { type QuestionAnsweringModel, questionAnsweringModel, useForInference } from '../../model/index.js';
import { noGrad, scope } from '../../torch/index.js';

import { type BatchSize, forwardOperations } from '../operations.js';
import { batchOf, ONE_QUESTION, randomInputs } from '../questions.js';
import { type BenchResult, type BenchSettings, timedProducts } from '../result.js';

/** Questions about one image, where images are shared. */
const PER_IMAGE = 5;
/** A single question takes milliseconds: more repetitions cost little. */
const LATENCY_FACTOR = 5;

export async function inference(settings: BenchSettings): Promise<BenchResult[]> {
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
    await single(settings, model),
    await singleSeen(settings, model),
  ];
}

async function batch(
  settings: BenchSettings,
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

async function single(settings: BenchSettings, model: QuestionAnsweringModel): Promise<BenchResult> {
  const size = ONE_QUESTION;
  const result = await timedProducts(often(settings), operationsOf(settings, size), () =>
    answer(model, size),
  );
  return {
    name: 'latency',
    description: 'one question about one image',
    rate: 1 / result.minSeconds,
    rateUnit: 'questions/s',
    ...result,
  };
}

async function singleSeen(settings: BenchSettings, model: QuestionAnsweringModel): Promise<BenchResult> {
  const size = ONE_QUESTION;
  const inputs = randomInputs(settings.config, size);
  const images = noGrad(() => model.encoder.encodeImages(inputs));
  const operations = operationsOf(settings, size) - operationsOf(settings, { ...size, numPieces: [] });
  try {
    const result = await timedProducts(often(settings), operations, () =>
      scope(() => noGrad(() => void model.forwardEncoded(inputs, images).logits.answer.data())),
    );
    return {
      name: 'latency-seen',
      description: 'one question about an image that was encoded before',
      rate: 1 / result.minSeconds,
      rateUnit: 'questions/s',
      ...result,
    };
  } finally {
    images.rows.dispose();
    for (const input of Object.values(inputs)) input.dispose();
  }
}

function answer(model: QuestionAnsweringModel, size: BatchSize): void {
  scope(() => noGrad(() => model.forward(randomInputs(model.config, size)).logits.answer.data()));
}

function operationsOf({ config, numAnswers }: BenchSettings, size: BatchSize): number {
  return forwardOperations(config, size, numAnswers);
}

function often(settings: BenchSettings): BenchSettings {
  return { ...settings, repetitions: LATENCY_FACTOR * settings.repetitions };
}
