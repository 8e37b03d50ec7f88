/** @file Answers for a whole file of examples, read and written as a stream. */

import { withAtomicFile } from '../common/atomicFile.js';
import { LxmertError } from '../common/errors.js';
import { type Progress, silentProgress } from '../common/progress.js';
import type { Question } from '../data/annotations/question.js';
import { type KnownImages, LeftOut, type LeftOutCounts } from '../data/leftOut.js';
import { RepeatedIds } from '../data/repeatedIds.js';
import { shownText } from '../data/shownValue.js';
import { formatCount } from '../formats/numbers.js';
import type { RegionSource } from './batchInputs.js';
import type { DumpFormat } from './dumpFormat.js';
import { predictExamples } from './predict.js';
import type { Predictor } from './predictor.js';
import { SentenceCensus, type SentenceCounts } from './sentenceCensus.js';
import type { Prediction, Task } from './task.js';

/** Regions by image id, some of which may not be there. */
export interface PartialRegionSource extends RegionSource, KnownImages {}

/** Processes that answer one file together; the one of rank 0 writes. */
export interface PredictionProcessGroup {
  readonly rank: number;
  readonly worldSize: number;
  /** Every process's value, by rank. */
  gather<T>(value: T): T[];
}

export interface PredictToFileOptions {
  readonly batchSize: number;
  /** How the examples are called in messages. Default `the examples`. */
  readonly name?: string | undefined;
  /**
   * The share of the examples, 0 to 1, that may be left out because an image has no features. Default 0: a test server
   * wants an answer to every question.
   */
  readonly maxLeftOut?: number | undefined;
  readonly processGroup?: PredictionProcessGroup | undefined;
  readonly progress?: Progress;
  readonly signal?: AbortSignal | undefined;
}

export interface PredictedFile extends LeftOutCounts, SentenceCounts {
  readonly numAnswers: number;
  /** A line for each thing that a person should know: what was left out, cut or empty. */
  readonly notices: readonly string[];
}

/** Batches that are held at once: enough that examples about one image meet, few enough to forget. */
const BATCHES_AT_ONCE = 16;

/** What answers the examples of a file. */
export interface ExamplePredictor<Example extends Question, Predicted extends Prediction>
  extends Pick<Predictor, 'tokenizer' | 'maxLength'> {
  /** One prediction for each example. */
  predict(examples: readonly Example[]): Promise<readonly Predicted[]>;
}

/**
 * Answers the examples of a file with a model, as {@link writePredictions} says.
 *
 * @param read the examples from the start
 * @throws as {@link writePredictions}
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
  options: PredictToFileOptions,
): Promise<PredictedFile> {
  const { batchSize, signal } = options;
  const { tokenizer, maxLength } = predictor;
  const predict = (examples: readonly Example[]): Promise<Predicted[]> =>
    predictExamples(task, predictor, source, examples, { batchSize, signal });
  return await writePredictions(task.dump, { tokenizer, maxLength, predict }, source, read, output, options);
}

/**
 * Answers examples as they are read and writes each answer in the order of the file: memory grows by eight bytes for each of
 * them. They are read twice; the first time only counts, so that a fault at the end of a file is found before hours
 * of work. The file appears whole under its name, or not at all. Several processes take blocks in turn; the file is the
 * same as one process writes.
 *
 * @param read the examples from the start
 * @throws LxmertError, before anything is written, when there are no examples, when an id is there twice, and when more
 *   examples than `maxLeftOut` allows, or all, have an image without features
 */
export async function writePredictions<Example extends Question, Predicted extends Prediction>(
  format: DumpFormat<Example, Predicted>,
  predictor: ExamplePredictor<Example, Predicted>,
  source: KnownImages,
  read: () => AsyncIterable<Example>,
  output: string,
  { batchSize, processGroup = ALONE, progress = silentProgress, signal, ...reading }: PredictToFileOptions,
): Promise<PredictedFile> {
  const { numExamples, ...found } = await lookThrough(read, predictor, source, { ...reading, signal });
  const work = async (write: (text: string) => Promise<unknown>): Promise<PredictedFile> => {
    let numAnswers = 0;
    let numLeftOut = 0;
    let numBlocks = 0;
    let held: Example[] = [];
    let own: Example[] = [];
    /** Answers this process's block of a round of blocks, one for each process, and writes all of them. */
    const finishRound = async (): Promise<void> => {
      const predictions = await predictor.predict(own);
      const rows = own.map((example, i) => format.row(example, predictions[i] as Predicted));
      own = [];
      let text = '';
      for (const row of processGroup.gather(rows).flat()) {
        text += numAnswers === 0 ? format.opening : format.separator;
        text += row;
        numAnswers++;
      }
      await write(text);
      progress.update(numAnswers + numLeftOut, numExamples);
    };
    const endBlock = async (): Promise<void> => {
      const turn = numBlocks++ % processGroup.worldSize;
      if (turn === processGroup.rank) own = held;
      held = [];
      if (turn === processGroup.worldSize - 1) await finishRound();
    };
    for await (const example of read()) {
      if (!example.imageIds.every((id) => source.has(id))) {
        numLeftOut++;
        continue;
      }
      held.push(example);
      if (held.length === BATCHES_AT_ONCE * batchSize) await endBlock();
    }
    if (held.length > 0) await endBlock();
    if (numBlocks % processGroup.worldSize !== 0) await finishRound();
    await write(numAnswers === 0 ? format.empty : format.closing);
    return { numAnswers, ...found };
  };
  if (processGroup.rank !== 0) return work(async () => undefined);
  return withAtomicFile(output, ({ handle }) => work((text) => handle.write(text)));
}

/** The first reading: what there is, and whether an answer to all of it can be written. */
async function lookThrough(
  read: () => AsyncIterable<Question>,
  predictor: Pick<Predictor, 'tokenizer' | 'maxLength'>,
  source: KnownImages,
  {
    name = 'the examples',
    maxLeftOut = 0,
    signal,
  }: Pick<PredictToFileOptions, 'name' | 'maxLeftOut' | 'signal'>,
): Promise<LeftOutCounts & SentenceCounts & { numExamples: number; notices: readonly string[] }> {
  const leftOut = new LeftOut(source, name);
  const census = new SentenceCensus(predictor);
  const ids = new RepeatedIds();
  let numExamples = 0;
  for await (const example of read()) {
    if (numExamples++ % 4096 === 0) signal?.throwIfAborted();
    ids.add(String(example.questionId));
    if (leftOut.keeps(example)) census.add(example);
  }
  if (numExamples === 0) throw new LxmertError(`There is nothing to answer: ${name} has no questions.`);
  const repeated = await ids.find(() => idsOf(read));
  if (repeated.count > 0) {
    const more = repeated.count > repeated.first.length ? ' ...' : '';
    throw new LxmertError(
      `${formatCount(repeated.count, 'id')} of ${name} ${repeated.count === 1 ? 'is' : 'are'} there more than once: ${repeated.first.map(shownText).join(', ')}${more}. Whoever reads the answers tells them apart by their ids: give each question its own, once.`,
    );
  }
  leftOut.check(maxLeftOut);
  const partial =
    leftOut.notice === undefined
      ? []
      : [`${leftOut.notice} A test server wants an answer to every question of its split.`];
  return { numExamples, ...leftOut.counts, ...census.counts, notices: [...partial, ...census.notices] };
}

async function* idsOf(read: () => AsyncIterable<Question>): AsyncGenerator<string> {
  for await (const { questionId } of read()) yield String(questionId);
}

const ALONE: PredictionProcessGroup = { rank: 0, worldSize: 1, gather: (value) => [value] };
