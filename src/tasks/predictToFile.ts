/** @file Answers for a whole file of examples, read and written as a stream. */

import { withAtomicFile } from '../common/atomicFile.js';
import { type Progress, silentProgress } from '../common/progress.js';
import type { Question } from '../data/annotations/question.js';
import type { RegionSource } from './answerInputs.js';
import type { DumpFormat } from './dumpFormat.js';
import { type AnsweringModel, predictAnswers } from './predictAnswers.js';

/** Regions by image id, some of which may not be there. */
export interface PartialRegionSource extends RegionSource {
  has(imageId: string): boolean;
}

export interface PredictToFileOptions {
  readonly batchSize: number;
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
 * of work. The file appears whole under its name, or not at all.
 *
 * @param read the examples from the start
 */
export async function predictToFile(
  answering: AnsweringModel,
  source: PartialRegionSource,
  read: () => AsyncIterable<Question>,
  format: DumpFormat,
  output: string,
  { batchSize, progress = silentProgress, signal }: PredictToFileOptions,
): Promise<PredictedFile> {
  let numExamples = 0;
  for await (const _ of read()) {
    if (numExamples++ % 4096 === 0) signal?.throwIfAborted();
  }
  return withAtomicFile(output, async ({ handle }) => {
    let numAnswers = 0;
    let numWithoutImage = 0;
    let held: Question[] = [];
    const flush = async (): Promise<void> => {
      const answers = await predictAnswers(answering, source, held, { batchSize, signal });
      let text = '';
      for (const [i, question] of held.entries()) {
        text += numAnswers === 0 ? format.opening : format.separator;
        text += format.row(question, answers[i] ?? '');
        numAnswers++;
      }
      await handle.write(text);
      held = [];
      progress.update(numAnswers + numWithoutImage, numExamples);
    };
    for await (const example of read()) {
      if (!example.imageIds.every((id) => source.has(id))) {
        numWithoutImage++;
        continue;
      }
      held.push(example);
      if (held.length === BATCHES_AT_ONCE * batchSize) await flush();
    }
    if (held.length > 0) await flush();
    await handle.write(numAnswers === 0 ? format.empty : format.closing);
    return { numAnswers, numWithoutImage };
  });
}
