/** @file Answers for a whole file of examples, read and written as a stream. */

import { withAtomicFile } from '../common/atomicFile.js';
import { type Progress, silentProgress } from '../common/progress.js';
import type { Question } from '../data/annotations/question.js';
import type { RegionSource } from './batchInputs.js';
import { predictExamples } from './predict.js';
import type { Predictor } from './predictor.js';
import type { Prediction, Task } from './task.js';

/** Regions by image id, some of which may not be there. */
export interface PartialRegionSource extends RegionSource {
  has(imageId: string): boolean;
}

/** Processes that answer one file together; the one of rank 0 writes. */
export interface PredictionProcessGroup {
  readonly rank: number;
  readonly worldSize: number;
  /** Every process's value, by rank. */
  gather<T>(value: T): T[];
}

export interface PredictToFileOptions {
  readonly batchSize: number;
  readonly processGroup?: PredictionProcessGroup | undefined;
  readonly progress?: Progress;
  readonly signal?: AbortSignal | undefined;
}

export interface PredictedFile {
  readonly numAnswers: number;
  /** Examples left out because an image has no features. */
  readonly numWithoutImage: number;
}

/** Batches that are held at once: enough that examples about one image meet, few enough to forget. */
const BATCHES_AT_ONCE = 16;

/**
 * Answers examples as they are read and writes each answer in the order of the file: memory does not grow with their
 * number. They are read twice; the first time only counts, so that a fault at the end of a file is found before hours
 * of work. The file appears whole under its name, or not at all. Several processes take blocks in turn; the file is the
 * same as one process writes.
 *
 * @param read the examples from the start
 */
export async function predictToFile<
  Example extends Question,
  Predicted extends Prediction,
  Head extends string,
>(
  task: Pick<Task<Example, Predicted, Head>, 'predictions' | 'dump'>,
  predictor: Predictor<Head>,
  source: PartialRegionSource,
  read: () => AsyncIterable<Example>,
  output: string,
  { batchSize, processGroup = ALONE, progress = silentProgress, signal }: PredictToFileOptions,
): Promise<PredictedFile> {
  const { dump: format } = task;
  let numExamples = 0;
  for await (const _ of read()) {
    if (numExamples++ % 4096 === 0) signal?.throwIfAborted();
  }
  const work = async (write: (text: string) => Promise<unknown>): Promise<PredictedFile> => {
    let numAnswers = 0;
    let numWithoutImage = 0;
    let numBlocks = 0;
    let held: Example[] = [];
    let own: Example[] = [];
    /** Answers this process's block of a round of blocks, one for each process, and writes all of them. */
    const finishRound = async (): Promise<void> => {
      const predictions = await predictExamples(task, predictor, source, own, { batchSize, signal });
      const rows = own.map((example, i) => format.row(example, predictions[i] as Predicted));
      own = [];
      let text = '';
      for (const row of processGroup.gather(rows).flat()) {
        text += numAnswers === 0 ? format.opening : format.separator;
        text += row;
        numAnswers++;
      }
      await write(text);
      progress.update(numAnswers + numWithoutImage, numExamples);
    };
    const endBlock = async (): Promise<void> => {
      const turn = numBlocks++ % processGroup.worldSize;
      if (turn === processGroup.rank) own = held;
      held = [];
      if (turn === processGroup.worldSize - 1) await finishRound();
    };
    for await (const example of read()) {
      if (!example.imageIds.every((id) => source.has(id))) {
        numWithoutImage++;
        continue;
      }
      held.push(example);
      if (held.length === BATCHES_AT_ONCE * batchSize) await endBlock();
    }
    if (held.length > 0) await endBlock();
    if (numBlocks % processGroup.worldSize !== 0) await finishRound();
    await write(numAnswers === 0 ? format.empty : format.closing);
    return { numAnswers, numWithoutImage };
  };
  if (processGroup.rank !== 0) return work(async () => undefined);
  return withAtomicFile(output, ({ handle }) => work((text) => handle.write(text)));
}

const ALONE: PredictionProcessGroup = { rank: 0, worldSize: 1, gather: (value) => [value] };
