/** @file The measured work of `lxmert bench`: each with its ratio to the machine's limit in the same run. */

import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CheckpointFile, loadWeights, saveCheckpoint } from '../src/checkpoint/index.js';
import { Random } from '../src/common/random.js';
import { FeatureStore, FeatureStoreWriter, unknownProvenance } from '../src/features/index.js';
import { type LxmertConfig, QuestionAnsweringModel } from '../src/model/index.js';
import { softAnswerLoss } from '../src/tasks/answeringTask.js';
import { noGrad, scope } from '../src/torch/index.js';
import * as ops from '../src/torch/operators/index.js';
import { runtimeLine } from '../src/torch/runtime.js';
import { BertAdam } from '../src/train/bertAdam.js';
import { clipGradients } from '../src/train/clipGradients.js';
import { FlatParameters } from '../src/train/flatParameters.js';
import { copyRate, gemmRate } from './limits.js';
import { measure, type Timing } from './measure.js';
import { forwardOperations, trainingOperations } from './operations.js';
import { NUM_PIECES, NUM_REGIONS, randomBatch } from './randomBatch.js';

export const WORK_NAMES = ['forward', 'training', 'load', 'features'] as const;
export type WorkName = (typeof WORK_NAMES)[number];

export interface BenchOptions {
  readonly config: LxmertConfig;
  readonly numAnswers: number;
  readonly batchSize: number;
  readonly repetitions: number;
  readonly work: readonly WorkName[];
  readonly signal?: AbortSignal | undefined;
  readonly onStart?: (name: WorkName) => void;
}

/** One line of the table. */
export interface BenchResult extends Timing {
  readonly name: WorkName;
  /** What one repetition does. */
  readonly description: string;
  /** Examples, images or bytes a second at the least time. */
  readonly rate: number;
  readonly rateUnit: string;
  /** What the limit is, its value, and the share of it that the least time reaches. */
  readonly limit: string;
  readonly limitRate: number;
  readonly limitUnit: string;
  readonly shareOfLimit: number;
}

export interface BenchReport {
  readonly runtime: string;
  readonly numParameters: number;
  readonly batchSize: number;
  readonly results: readonly BenchResult[];
  readonly peakResidentBytes: number;
}

const WARM_UP = 2;

export async function runBench(options: BenchOptions): Promise<BenchReport> {
  const { config, numAnswers } = options;
  const folder = await mkdtemp(path.join(tmpdir(), 'lxmert-bench-'));
  const model = new QuestionAnsweringModel(config, numAnswers);
  const bench = new Bench(options, model, folder);
  try {
    const results: BenchResult[] = [];
    for (const name of options.work) {
      options.onStart?.(name);
      results.push(await bench[name]());
    }
    return {
      runtime: runtimeLine(),
      numParameters: model.numParameters,
      batchSize: options.batchSize,
      results,
      peakResidentBytes: process.resourceUsage().maxRSS * 1024,
    };
  } finally {
    model.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}

class Bench {
  constructor(
    private readonly options: BenchOptions,
    private readonly model: QuestionAnsweringModel,
    private readonly folder: string,
  ) {}

  async forward(): Promise<BenchResult> {
    const { config, batchSize, numAnswers } = this.options;
    const timing = await this.#measure(() =>
      scope(() =>
        noGrad(() => {
          this.model.forward(randomBatch(config, batchSize)).logits.data();
        }),
      ),
    );
    const operations = batchSize * forwardOperations(config, EXAMPLE, numAnswers);
    return this.#againstGemm(
      'forward',
      `inference of ${batchSize} questions, ${NUM_PIECES} pieces each`,
      timing,
      operations,
    );
  }

  async training(): Promise<BenchResult> {
    const { config, batchSize, numAnswers } = this.options;
    using parameters = FlatParameters.of(this.model);
    using optimizer = new BertAdam(parameters, { learningRate: 1e-6, totalSteps: 1000 });
    const timing = await this.#measure(() =>
      scope(() => {
        const { logits } = this.model.forward(randomBatch(config, batchSize), { training: true });
        softAnswerLoss(logits, ops.rand([batchSize, numAnswers])).backward();
        optimizer.step(clipGradients(parameters, 5).scale);
      }),
    );
    const operations = batchSize * trainingOperations(config, EXAMPLE, numAnswers);
    return this.#againstGemm(
      'training',
      `training step of ${batchSize} questions, dropout ${config.hiddenDropout}`,
      timing,
      operations,
    );
  }

  async load(): Promise<BenchResult> {
    const file = path.join(this.folder, 'model.pth');
    const parameters = this.model.namedParameters();
    await saveCheckpoint(file, parameters, 'reference-finetuned');
    const { size } = await stat(file);
    const timing = await this.#measure(async () => {
      loadWeights(await CheckpointFile.open(file), parameters, { require: 'all' });
    });
    // From the operating system's cache every byte is read once and written once into a parameter.
    const limitRate = copyRate();
    const rate = size / timing.minSeconds;
    return {
      name: 'load',
      description: `loading a checkpoint of ${(size / 1e6).toFixed(0)} MB that the system has in its cache`,
      ...timing,
      rate,
      rateUnit: 'bytes/s',
      limit: 'copying memory',
      limitRate,
      limitUnit: 'bytes/s',
      shareOfLimit: (2 * rate) / limitRate,
    };
  }

  async features(): Promise<BenchResult> {
    const { batchSize, config } = this.options;
    const numImages = 512;
    const store = path.join(this.folder, 'store');
    await writeRandomStore(store, numImages, config.visualFeatureSize);
    using features = FeatureStore.open(store);
    const random = new Random(1);
    const timing = await this.#measure(() =>
      scope(() => {
        features.gatherAt(Array.from({ length: batchSize }, () => random.integer(numImages)));
      }),
    );
    // float16 is read, float32 written.
    const bytes = batchSize * NUM_REGIONS * config.visualFeatureSize * (2 + 4);
    const limitRate = copyRate();
    return {
      name: 'features',
      description: `gathering ${batchSize} random images from a mapped float16 store in the cache`,
      ...timing,
      rate: batchSize / timing.minSeconds,
      rateUnit: 'images/s',
      limit: 'copying memory',
      limitRate,
      limitUnit: 'bytes/s',
      shareOfLimit: bytes / timing.minSeconds / limitRate,
    };
  }

  #measure(work: () => void | Promise<void>): Promise<Timing> {
    const { repetitions, signal } = this.options;
    return measure(work, { repetitions, warmUp: WARM_UP, signal });
  }

  #againstGemm(name: WorkName, description: string, timing: Timing, operations: number): BenchResult {
    const limitRate = gemmRate();
    return {
      name,
      description,
      ...timing,
      rate: this.options.batchSize / timing.minSeconds,
      rateUnit: 'examples/s',
      limit: 'float32 matrix products',
      limitRate,
      limitUnit: 'FLOP/s',
      shareOfLimit: operations / timing.minSeconds / limitRate,
    };
  }
}

const EXAMPLE = { numPieces: NUM_PIECES, numRegions: NUM_REGIONS };

async function writeRandomStore(folder: string, numImages: number, featureSize: number): Promise<void> {
  const random = new Random(7);
  const features = Float32Array.from({ length: NUM_REGIONS * featureSize }, () => random.uniform());
  const boxes = new Float32Array(NUM_REGIONS * 4).map((_, i) => (i % 4 < 2 ? 1 : 90));
  const writer = await FeatureStoreWriter.create(folder, {
    provenance: unknownProvenance,
    numBoxes: NUM_REGIONS,
  });
  for (let i = 0; i < numImages; i++) {
    await writer.add({
      imageId: `image${i}`,
      height: 100,
      width: 100,
      numBoxes: NUM_REGIONS,
      boxes,
      features,
      objectsId: new BigInt64Array(NUM_REGIONS),
      objectsConf: new Float32Array(NUM_REGIONS),
      attrsId: new BigInt64Array(NUM_REGIONS),
      attrsConf: new Float32Array(NUM_REGIONS),
    });
  }
  await writer.finish();
}
