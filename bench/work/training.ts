/** @file A training step, its optimizer alone, and a step that reads its data from a feature store. */

import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { FeatureStore } from '../../src/features/index.js';
import { type LxmertInputs, QuestionAnsweringModel } from '../../src/model/index.js';
import { answerInputs, type ImageSentence } from '../../src/tasks/answerInputs.js';
import { softAnswerLoss } from '../../src/tasks/losses.js';
import { Vocabulary, WordPieceTokenizer } from '../../src/text/index.js';
import { scope, type Tensor } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import { BertAdam } from '../../src/train/bertAdam.js';
import { clipGradients } from '../../src/train/clipGradients.js';
import { FlatParameters } from '../../src/train/flatParameters.js';
import { copyRate } from '../limits.js';
import { medianOf } from '../measure.js';
import { trainingOperations } from '../operations.js';
import { batchOf, lengthOf, randomInputs } from '../questions.js';
import { type BenchResult, type BenchSettings, timed, timedProducts } from '../result.js';
import { randomImageId, writeRandomStore } from './randomStore.js';

/** The first step draws memory and chooses kernels; one more to be sure. */
const WARM_UP = 2;
const CLIP_NORM = 5;

export async function training(settings: BenchSettings): Promise<BenchResult[]> {
  using trainer = new Trainer(settings);
  const { config, batchSize, numAnswers } = settings;
  const size = batchOf(batchSize);
  const step = await timedProducts(
    settings,
    trainingOperations(config, size, numAnswers),
    () => scope(() => trainer.step(randomInputs(config, size))),
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
async function optimizer(settings: BenchSettings, trainer: Trainer): Promise<BenchResult> {
  const size = batchOf(1);
  const timings: number[] = [];
  // A backward pass before each, so that every parameter has its gradient; only what follows is timed.
  const result = await timed(settings, () =>
    scope(() => {
      trainer.backward(randomInputs(settings.config, size));
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
async function loading(settings: BenchSettings, trainer: Trainer): Promise<BenchResult> {
  const { config, batchSize, repetitions, signal } = settings;
  const folder = path.join(settings.folder, `training-${settings.precision}`);
  const numImages = 16 * batchSize;
  await writeRandomStore(folder, numImages, config.visualFeatureSize);
  using store = FeatureStore.open(folder);
  const tokenizer = new WordPieceTokenizer(madeUpVocabulary(config.vocabSize));
  const fixed = randomInputs(config, batchOf(batchSize));
  const read = (repetition: number): LxmertInputs =>
    answerInputs(madeUpQuestions(batchSize, repetition, numImages), tokenizer, store, {
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
      withFixed.push(seconds(() => trainer.step(fixed)));
      withReading.push(seconds(() => trainer.step(read(i))));
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

/** A model in training. */
class Trainer implements Disposable {
  readonly #model: QuestionAnsweringModel;
  readonly #flat: FlatParameters;
  readonly #optimizer: BertAdam;
  readonly #numAnswers: number;

  constructor({ config, numAnswers, precision }: BenchSettings) {
    this.#model = new QuestionAnsweringModel(config, numAnswers);
    this.#model.precision = precision;
    this.#flat = FlatParameters.of(this.#model, precision);
    this.#optimizer = new BertAdam(this.#flat, { learningRate: 1e-6, totalSteps: 10_000 });
    this.#numAnswers = numAnswers;
  }

  get numParameters(): number {
    return this.#model.numParameters;
  }

  /**
   * Bytes that clipping and the optimizer have to move: gradients are read twice; values, means and mean squares are
   * read and written; a copy in bfloat16 is written.
   */
  get updateBytes(): number {
    let bytes = 0;
    for (const { gradients, copy } of this.#flat.groups) {
      const gradientBytes = gradients.dtype === 'bfloat16' ? 2 : 4;
      bytes += gradients.numel * (2 * gradientBytes + 3 * 8 + (copy === null ? 0 : 2));
    }
    return bytes;
  }

  backward(inputs: LxmertInputs): void {
    const { logits } = this.#model.forward(inputs, { training: true });
    softAnswerLoss(logits, this.#targets(logits)).backward();
  }

  update(): void {
    this.#optimizer.step(clipGradients(this.#flat, CLIP_NORM).scale);
  }

  step(inputs: LxmertInputs): void {
    this.backward(inputs);
    this.update();
  }

  #targets(logits: Tensor): Tensor {
    return ops.mul(ops.rand([logits.shape[0] ?? 0, this.#numAnswers]), 0.01);
  }

  [Symbol.dispose](): void {
    this.#optimizer[Symbol.dispose]();
    this.#flat[Symbol.dispose]();
    this.#model.dispose();
  }
}

/** As many words as the model knows. */
function madeUpVocabulary(size: number): Vocabulary {
  const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
  return new Vocabulary([...special, ...Array.from({ length: size - special.length }, (_, i) => `word${i}`)]);
}

/** Questions as long as real ones about images in no order. */
function madeUpQuestions(count: number, repetition: number, numImages: number): ImageSentence[] {
  return Array.from({ length: count }, (_, i) => ({
    imageIds: [randomImageId((repetition * 7919 + i * 104729) % numImages)],
    sentence: Array.from({ length: lengthOf(i) - 2 }, (_, k) => `word${(31 * i + k) % 20}`).join(' '),
  }));
}
