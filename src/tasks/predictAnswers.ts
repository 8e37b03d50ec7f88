/** @file Answers of a model for a whole split. */

import { setImmediate } from 'node:timers/promises';
import { type Progress, silentProgress } from '../common/progress.js';
import type { AnswerTable } from '../data/answerTable.js';
import { sequentialBatches } from '../data/epochSampler.js';
import type { LxmertInputs, PlacedInputs, QuestionAnsweringModel } from '../model/index.js';
import type { WordPieceTokenizer } from '../text/index.js';
import { noGrad, type ShapeGraphs, scope, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import { answerInputs, type ImageSentence, type RegionSource } from './answerInputs.js';

/** A model with what it needs to read questions and name answers. */
export interface AnsweringModel {
  /** One, or several whose probabilities are averaged. */
  readonly models: readonly QuestionAnsweringModel[];
  /** What the training loss makes of a logit: each answer for itself, or one against the others. */
  readonly probabilities: 'sigmoid' | 'softmax';
  readonly tokenizer: WordPieceTokenizer;
  readonly answerTable: AnswerTable;
  /** Word pieces a sentence is cut to, [CLS] and [SEP] included. */
  readonly maxLength: number;
  /** On a card: records the passes of each model, in the models' order. */
  readonly graphs?: readonly ShapeGraphs[] | undefined;
}

/** An answer and its probability. */
export interface RankedAnswer {
  readonly answer: string;
  readonly probability: number;
}

/**
 * The `numBest` most probable answers for each sentence, best first.
 */
export function rankAnswers(
  answering: AnsweringModel,
  source: RegionSource,
  examples: readonly ImageSentence[],
  numBest = 1,
): RankedAnswer[][] {
  return scope(() =>
    noGrad(() => {
      const { tokenizer, maxLength } = answering;
      const isOnGpu = answering.models[0]?.device !== 'cpu';
      const inputs = answerInputs(examples, tokenizer, source, {
        maxLength,
        share: true,
        forCard: isOnGpu,
      });
      const average = averageProbabilities(answering, inputs);
      const [values, indices] = ops.topk(average, Math.min(numBest, answering.answerTable.size), 1);
      const probabilities = values.toFloat32Array(); // (B, best)
      const places = indices.toFloat32Array(); // (B, best); exact, since tables are far smaller than 2^24
      const width = probabilities.length / examples.length;
      return examples.map((_, row) =>
        Array.from({ length: width }, (_, rank) => ({
          answer: answering.answerTable.answer(Number(places[row * width + rank])),
          probability: probabilities[row * width + rank] ?? 0,
        })),
      );
    }),
  );
}

/** Rows of words come in multiples of this where passes are recorded, so that questions have few different shapes. */
export const GRAPH_ROW_UNIT = 8;

/** (B, answers) */
function averageProbabilities(
  { models, probabilities, graphs }: AnsweringModel,
  inputs: LxmertInputs,
): Tensor {
  const each = models.map((model, i) => {
    const recorded = graphs?.[i];
    const placed = model.encoder.place(inputs, { rowUnit: recorded === undefined ? 1 : GRAPH_ROW_UNIT });
    const pass = (own: PlacedInputs): Tensor => model.forwardPlaced(own).logits.answer;
    const logits = recorded === undefined ? pass(placed) : recorded.run(placed, pass);
    return probabilities === 'softmax' ? ops.softmax(logits, 1) : ops.sigmoid(logits);
  });
  return ops.div(
    each.reduce((sum, values) => ops.add(sum, values)),
    models.length,
  );
}

export interface PredictOptions {
  readonly batchSize: number;
  readonly progress?: Progress;
  /** Aborting ends the work after the batch at hand, with an AbortError. */
  readonly signal?: AbortSignal | undefined;
}

/** The most probable answer for each example, in order. */
export async function predictAnswers(
  answering: AnsweringModel,
  source: RegionSource,
  examples: readonly ImageSentence[],
  options: PredictOptions,
): Promise<string[]> {
  const { batchSize, progress = silentProgress, signal } = options;
  const answers = new Array<string>(examples.length).fill('');
  const order = groupedByImage(examples);
  let numAnswered = 0;
  for (const places of sequentialBatches(examples.length, batchSize)) {
    signal?.throwIfAborted();
    const batch = places.map((place) => order[place] ?? 0);
    const ranked = rankAnswers(
      answering,
      source,
      batch.map((index) => examples[index] as ImageSentence),
    );
    for (const [row, index] of batch.entries()) answers[index] = ranked[row]?.[0]?.answer ?? '';
    numAnswered += batch.length;
    progress.update(numAnswered, examples.length);
    // Lets signals and timers through between batches.
    await setImmediate();
  }
  return answers;
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
