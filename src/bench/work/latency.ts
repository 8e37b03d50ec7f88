/** @file Single questions. */

import {
  type AnsweringPrecision,
  type QuestionAnsweringModel,
  questionAnsweringModel,
  useForInference,
} from '../../model/index.js';
import { noGrad, scope } from '../../torch/index.js';
import { ONE_QUESTION, randomInputs } from '../questions.js';
import { type BenchResult, type BenchSettings, timedProducts } from '../result.js';
import { answer, operationsOf } from './inference.js';

/** A single question takes milliseconds: more repetitions cost little. */
const LATENCY_FACTOR = 5;

export async function latency(settings: BenchSettings<AnsweringPrecision>): Promise<BenchResult[]> {
  using model = questionAnsweringModel(settings.config, settings.numAnswers);
  useForInference(model, settings.precision);
  return [await single(settings, model), await singleSeen(settings, model)];
}

async function single(
  settings: BenchSettings<AnsweringPrecision>,
  model: QuestionAnsweringModel,
): Promise<BenchResult> {
  const size = ONE_QUESTION;
  const named = { name: 'latency', description: 'one question about one image' };
  return await timedQuestion(settings, named, operationsOf(settings, size), () => answer(model, size));
}

async function singleSeen(
  settings: BenchSettings<AnsweringPrecision>,
  model: QuestionAnsweringModel,
): Promise<BenchResult> {
  const size = ONE_QUESTION;
  const inputs = randomInputs(settings.config, size);
  const images = noGrad(() => model.encoder.encodeImages(inputs));
  const operations = operationsOf(settings, size) - operationsOf(settings, { ...size, numPieces: [] });
  try {
    const named = {
      name: 'latency-seen',
      description: 'one question about an image that was encoded before',
    };
    return await timedQuestion(settings, named, operations, () =>
      scope(() => noGrad(() => void model.forwardEncoded(inputs, images).logits.answer.data())),
    );
  } finally {
    images.rows.dispose();
    for (const input of Object.values(inputs)) input.dispose();
  }
}

async function timedQuestion(
  settings: BenchSettings<AnsweringPrecision>,
  named: Pick<BenchResult, 'name' | 'description'>,
  operations: number,
  work: () => void,
): Promise<BenchResult> {
  const often = { ...settings, repetitions: LATENCY_FACTOR * settings.repetitions };
  const result = await timedProducts(often, operations, work);
  return { ...named, rate: 1 / result.minSeconds, rateUnit: 'questions/s', ...result };
}
