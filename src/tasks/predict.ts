/** @file What a trained model says of sentences about images: probabilities, ranked answers, predictions of a split. */

import { setImmediate } from 'node:timers/promises';
import { type Progress, silentProgress } from '../common/progress.js';
import type { Question } from '../data/annotations/question.js';
import { sequentialBatches } from '../data/epochSampler.js';
import type { LxmertInputs, PlacedInputs, TaskModel } from '../model/index.js';
import { noGrad, scope, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import { batchInputs, type ImageSentence, type RegionSource } from './batchInputs.js';
import { wantedAnswers } from './choices.js';
import type { RankedAnswer, WantedAnswers } from './prediction.js';
import type { Predictor } from './predictor.js';
import type { Prediction, Task } from './task.js';

/** A model that chooses an answer, with other heads or without. */
export type AnsweringModel = Predictor<'answer'>;

/**
 * The most probable answers for each sentence, best first.
 *
 * @param wanted how many, or which: of all sentences, or of each
 */
export function rankAnswers(
  answering: AnsweringModel,
  source: RegionSource,
  examples: readonly ImageSentence[],
  wanted: number | WantedAnswers | ((place: number) => WantedAnswers) = 1,
): RankedAnswer[][] {
  return withProbabilities(answering, source, examples, ({ answer }) =>
    wantedAnswers(answer, answering.answerTable, typeof wanted === 'number' ? { topK: wanted } : wanted),
  );
}

/**
 * Hands the probabilities of each head, float32 (B, size), to `read`, which returns plain values: the tensors end with
 * it.
 */
export function withProbabilities<Head extends string, T>(
  predictor: Predictor<Head>,
  source: RegionSource,
  examples: readonly ImageSentence[],
  read: (probabilities: Readonly<Record<Head, Tensor>>) => T,
): T {
  const { tokenizer, maxLength } = predictor;
  const forGpu = predictor.models[0]?.device !== 'cpu';
  return withProbabilitiesOf(
    predictor,
    () => batchInputs(examples, tokenizer, source, { maxLength, share: true, forGpu }),
    read,
  );
}

/** The same for a batch that was made in another way. */
export function withProbabilitiesOf<Head extends string, T>(
  predictor: Predictor<Head>,
  makeInputs: () => LxmertInputs,
  read: (probabilities: Readonly<Record<Head, Tensor>>) => T,
): T {
  return scope(() => noGrad(() => read(averageProbabilities(predictor, makeInputs()))));
}

/** Rows of words come in multiples of this where passes are recorded, so that questions have few different shapes. */
export const PREDICTION_ROW_UNIT = 8;

function averageProbabilities<Head extends string>(
  { models, activations, graphs }: Predictor<Head>,
  inputs: LxmertInputs,
): Record<Head, Tensor> {
  const each = models.map((model, i) => {
    const recorded = graphs?.[i];
    const placed = model.encoder.place(inputs, { rowUnit: recorded === undefined ? 1 : PREDICTION_ROW_UNIT });
    // A graph has one output: the logits of all heads side by side.
    const pass = (own: PlacedInputs): Tensor =>
      joined(Object.values<Tensor>(model.forwardPlaced(own).logits));
    const logits = recorded === undefined ? pass(placed) : recorded.run(placed, pass);
    return splitByHead<Head>(model, logits);
  });
  const average = {} as Record<Head, Tensor>;
  for (const name of Object.keys(each[0] ?? {}) as Head[]) {
    const activate = activations[name] === 'softmax' ? softmaxOfRows : ops.sigmoid;
    const sum = each
      .map((logits) => activate(logits[name]))
      .reduce((total, values) => ops.add(total, values));
    average[name] = ops.div(sum, models.length);
  }
  return average;
}

const softmaxOfRows = (logits: Tensor): Tensor => ops.softmax(logits, 1);

/** (B, size) of each to (B, sum of sizes) */
function joined(logits: readonly Tensor[]): Tensor {
  return logits.length === 1 ? (logits[0] as Tensor) : ops.cat(logits, 1);
}

/** (B, sum of sizes) to (B, size) of each head, in the model's order */
function splitByHead<Head extends string>({ heads }: TaskModel<Head>, logits: Tensor): Record<Head, Tensor> {
  const split = {} as Record<Head, Tensor>;
  let start = 0;
  for (const { name, size } of heads) {
    split[name as Head] = ops.narrow(logits, 1, start, size);
    start += size;
  }
  return split;
}

export interface PredictOptions {
  readonly batchSize: number;
  readonly progress?: Progress;
  /** Aborting ends the work after the batch at hand, with an AbortError. */
  readonly signal?: AbortSignal | undefined;
}

/** What a task's model says of each example, in order. */
export async function predictExamples<
  Example extends Question,
  Predicted extends Prediction,
  Head extends string,
>(
  task: Pick<Task<Example, Predicted, Head>, 'predictions'>,
  predictor: Predictor<Head>,
  source: RegionSource,
  examples: readonly Example[],
  { batchSize, progress = silentProgress, signal }: PredictOptions,
): Promise<Predicted[]> {
  const predictions = new Array<Predicted>(examples.length);
  const order = groupedByImage(examples);
  let numDone = 0;
  for (const places of sequentialBatches(examples.length, batchSize)) {
    signal?.throwIfAborted();
    const batch = places.map((place) => order[place] ?? 0);
    const some = batch.map((index) => examples[index] as Example);
    const found = withProbabilities(predictor, source, some, (probabilities) =>
      task.predictions(probabilities, predictor.answerTable, some),
    );
    for (const [row, index] of batch.entries()) predictions[index] = found[row] as Predicted;
    numDone += batch.length;
    progress.update(numDone, examples.length);
    // Lets signals and timers through between batches.
    await setImmediate();
  }
  return predictions;
}

/** Indices of examples so that those about one image stand together: its vision stream is then computed once. */
function groupedByImage(examples: readonly ImageSentence[]): number[] {
  const byImage = new Map<string, number[]>();
  for (const [index, { imageIds }] of examples.entries()) {
    const [first = ''] = imageIds;
    const group = byImage.get(first);
    if (group === undefined) byImage.set(first, [index]);
    else group.push(index);
  }
  return [...byImage.values()].flat();
}
