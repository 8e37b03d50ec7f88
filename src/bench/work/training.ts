/** @file A training step, its optimizer alone, and a step that reads its data from a feature store. */

import path from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { FeatureStore } from '../../features/index.js';
import { type LxmertInputs, type QuestionAnsweringModel, questionAnsweringModel } from '../../model/index.js';
import { batchInputs, softAnswerLoss } from '../../tasks/index.js';
import { WordPieceTokenizer } from '../../text/index.js';
import { scope, type Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';

import { copyRate } from '../limits.js';
import { medianOf } from '../measure.js';
import { trainingOperations } from '../operations.js';
import { batchOf, randomInputs } from '../questions.js';
import { type BenchResult, type BenchSettings, timed, timedProducts } from '../result.js';
import { madeUpQuestions, madeUpVocabulary } from './madeUpQuestions.js';
import { writeRandomStore } from './randomStore.js';
import { BenchTrainer } from './trainer.js';

/** The first step draws memory and chooses kernels; one more to be sure. */
const WARM_UP = 2;

type AnswerTrainer = BenchTrainer<QuestionAnsweringModel>;

export async function training(settings: BenchSettings): Promise<BenchResult[]> {
  const { config, batchSize, numAnswers } = settings;
  using trainer = new BenchTrainer(questionAnsweringModel(config, numAnswers), settings.precision);
  const size = batchOf(batchSize);
  const step = await timedProducts(
    settings,
    trainingOperations(config, size, numAnswers),
    () => scope(() => trainer.step(lossOf(trainer, randomInputs(config, size), numAnswers))),
    WARM_UP,
  );
  return [
    {
      name: 'training',
      description: `step of ${batchSize} questions, dropout ${config.hiddenDropout}`,
      rate: batchSize / step.minSeconds,
      rateUnit: 'questions/s',
      ...step,
    },
    await optimizer(settings, trainer),
    await loading(settings, trainer),
  ];
}

/** Clipping and the optimizer, held against copying as many bytes as they have to read and write. */
async function optimizer(settings: BenchSettings, trainer: AnswerTrainer): Promise<BenchResult> {
  const size = batchOf(1);
  const timings: number[] = [];
  // A backward pass before each, so that every parameter has its gradient; only what follows is timed.
  const result = await timed(settings, () =>
    scope(() => {
      lossOf(trainer, randomInputs(settings.config, size), settings.numAnswers).backward();
      const start = performance.now();
      trainer.update();
      timings.push((performance.now() - start) / 1000);
    }),
  );
  const counted = timings.slice(-settings.repetitions);
  const minSeconds = Math.min(...counted);
  const limitRate = copyRate();
  const bytes = trainer.updateBytes;
  return {
    ...result,
    name: 'optimizer',
    description: `clipping and BertAdam over ${(trainer.numParameters / 1e6).toFixed(0)} M parameters`,
    precision: settings.precision,
    minSeconds,
    medianSeconds: medianOf(counted),
    rate: bytes / minSeconds,
    rateUnit: 'bytes/s',
    limit: 'copying memory',
    limitRate,
    limitUnit: 'bytes/s',
    shareOfLimit: bytes / minSeconds / limitRate,
  };
}

/** Steps on one batch in memory and steps that read, gather and encode theirs, in turn. */
async function loading(settings: BenchSettings, trainer: AnswerTrainer): Promise<BenchResult> {
  const { config, batchSize, numAnswers, repetitions, signal } = settings;
  const folder = path.join(settings.folder, `training-${settings.precision}`);
  const numImages = 16 * batchSize;
  await writeRandomStore(folder, numImages, config.visualFeatureSize);
  using store = FeatureStore.open(folder);
  const tokenizer = new WordPieceTokenizer(madeUpVocabulary(config.vocabSize));
  const fixed = randomInputs(config, batchOf(batchSize));
  const read = (repetition: number): LxmertInputs =>
    batchInputs(madeUpQuestions(batchSize, repetition, numImages), tokenizer, store, {
      maxLength: Math.min(20, config.maxPositionEmbeddings),
    });
  const seconds = (work: () => void): number => {
    const start = performance.now();
    scope(work);
    return (performance.now() - start) / 1000;
  };
  const withFixed: number[] = [];
  const withReading: number[] = [];
  try {
    for (let i = 0; i < repetitions; i++) {
      signal?.throwIfAborted();
      withFixed.push(seconds(() => trainer.step(lossOf(trainer, fixed, numAnswers))));
      withReading.push(seconds(() => trainer.step(lossOf(trainer, read(i), numAnswers))));
      await setImmediate();
    }
  } finally {
    for (const input of Object.values(fixed)) input.dispose();
  }
  const reading = medianOf(withReading);
  const memory = medianOf(withFixed);
  return {
    name: 'loading',
    description: `step of ${batchSize} questions with regions from a store, beside one batch in memory`,
    precision: settings.precision,
    repetitions,
    minSeconds: Math.min(...withReading),
    medianSeconds: reading,
    rate: batchSize / reading,
    rateUnit: 'questions/s',
    limit: 'steps on one batch in memory (medians)',
    limitRate: batchSize / memory,
    limitUnit: 'questions/s',
    shareOfLimit: memory / reading,
    peakResidentBytes: process.memoryUsage.rss(),
  };
}

function lossOf({ model }: AnswerTrainer, inputs: LxmertInputs, numAnswers: number): Tensor {
  const logits = model.forward(inputs, { training: true }).logits.answer;
  return softAnswerLoss(logits, ops.mul(ops.rand([logits.shape[0] ?? 0, numAnswers]), 0.01));
}
