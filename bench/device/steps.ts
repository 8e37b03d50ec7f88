/** @file Training steps as a run does them, on batches in memory. */

import { pretrainingOperations, trainingOperations } from '../../src/bench/operations.js';
import { NUM_REGIONS } from '../../src/bench/questions.js';
import {
  type LxmertConfig,
  type Module,
  type Precision,
  PretrainingModel,
  PUBLISHED_CLASSES,
  questionAnsweringModel,
} from '../../src/model/index.js';
import { softAnswerLoss } from '../../src/tasks/losses.js';
import {
  DEFAULT_LOSSES,
  type PretrainingBatch,
  predictionPlaces,
} from '../../src/tasks/pretraining/labels.js';
import { placedLosses } from '../../src/tasks/pretraining/losses.js';
import {
  type PlacedPretrainingBatch,
  placePretrainingBatch,
} from '../../src/tasks/pretraining/placedBatch.js';
import type { TaskTraining } from '../../src/tasks/taskTraining.js';
import { type Device, disposeTensors, hasGraphs, place, type Tensor } from '../../src/torch/index.js';
import { GpuSteps } from '../../src/train/gpu/gpuSteps.js';
import { LossScale } from '../../src/train/gpu/lossScale.js';
import { GRAPH_ROW_UNIT } from '../../src/train/gpu/stepGraphs.js';
import { BertAdam } from '../../src/train/optimizers/bertAdam.js';
import { FlatParameters } from '../../src/train/optimizers/flatParameters.js';
import { StepMeter } from '../../src/train/stepMeter.js';
import { CpuSteps } from '../../src/train/stepRunner.js';
import { madeUpBatch, madeUpPretraining, madeUpTargets, NUM_BATCHES } from './batches.js';
import { synchronize } from './synchronize.js';

export interface StepSettings {
  readonly config: LxmertConfig;
  readonly numAnswers: number;
  readonly batchSize: number;
  readonly precision: Precision;
  readonly device: Device;
  readonly numSteps: number;
  readonly warmUp: number;
}

export interface TimedSteps {
  readonly secondsPerStep: number;
  readonly operationsPerStep: number;
  readonly usesGraphs: boolean;
}

export function finetuneSteps(settings: StepSettings): TimedSteps {
  const { config, numAnswers, batchSize, device } = settings;
  const model = questionAnsweringModel(config, numAnswers);
  const batches = Array.from({ length: NUM_BATCHES }, (_, i) => ({
    ...madeUpBatch(config, batchSize, i),
    targets: madeUpTargets(batchSize, numAnswers),
  }));
  type Placed = { inputs: ReturnType<typeof model.encoder.place>; targets: Tensor };
  try {
    const operations = batches.map(({ numPieces }) =>
      trainingOperations(config, { numPieces, numRegions: NUM_REGIONS, numImages: batchSize }, numAnswers),
    );
    return timedSteps<(typeof batches)[number], Placed>(settings, model, operations, {
      load: (batch) => [batches[batch % NUM_BATCHES] as (typeof batches)[number]],
      place: ({ inputs, targets }) => ({
        inputs: model.encoder.place(inputs, { rowUnit: rowUnitOn(device) }),
        targets: place(targets, device),
      }),
      loss: ({ inputs, targets }) =>
        softAnswerLoss(model.forwardPlaced(inputs, { training: true }).logits.answer, targets),
    });
  } finally {
    disposeTensors(batches);
  }
}

export function pretrainSteps(settings: StepSettings): TimedSteps {
  const { config, batchSize, device } = settings;
  const model = new PretrainingModel(config, PUBLISHED_CLASSES);
  const made = Array.from({ length: NUM_BATCHES }, (_, i) => madeUpBatch(config, batchSize, i));
  const batches = made.map((batch, i) => madeUpPretraining(batch, config, PUBLISHED_CLASSES, i));
  try {
    const operations = batches.map((batch, i) => {
      const places = predictionPlaces(batch.labels, DEFAULT_LOSSES);
      return pretrainingOperations(
        config,
        { numPieces: made[i]?.numPieces ?? [], numRegions: NUM_REGIONS, numImages: batchSize },
        PUBLISHED_CLASSES,
        {
          numWords: places.words?.length ?? 0,
          numMaskedRegions: places.features?.length ?? 0,
          numAnswers: places.answers?.length ?? 0,
        },
      );
    });
    return timedSteps<PretrainingBatch, PlacedPretrainingBatch>(settings, model, operations, {
      load: (batch) => [batches[batch % NUM_BATCHES] as PretrainingBatch],
      place: (batch) => placePretrainingBatch(model, batch, DEFAULT_LOSSES, { rowUnit: rowUnitOn(device) }),
      loss: (placed) => placedLosses(model, placed, DEFAULT_LOSSES, { training: true }).total,
    });
  } finally {
    disposeTensors([made, batches]);
  }
}

function rowUnitOn(device: Device): number {
  return device !== 'cpu' && hasGraphs() ? GRAPH_ROW_UNIT : 1;
}

/** Ends the model. */
function timedSteps<Batch, Placed>(
  settings: StepSettings,
  model: Module & { precision: Precision },
  operations: readonly number[],
  { load, ...task }: Pick<TaskTraining<Batch, Placed>, 'place' | 'loss'> & { load(batch: number): Batch[] },
): TimedSteps {
  const { batchSize, precision, device, numSteps, warmUp } = settings;
  model.precision = precision;
  const flat = FlatParameters.of(model, precision, device);
  const optimizer = new BertAdam(flat, { learningRate: 1e-6, totalSteps: 100_000 });
  const lossScale = precision === 'float16' ? new LossScale(device) : undefined;
  const batches = { numBatches: Number.MAX_SAFE_INTEGER, load };
  const meter = new StepMeter(batchSize);
  const context = { task, batches, optimizer, clipNorm: 5, meter, processGroup: undefined };
  const useGraphs = device !== 'cpu' && hasGraphs();
  const runner = device === 'cpu' ? new CpuSteps(context) : new GpuSteps(context, { lossScale, useGraphs });
  try {
    let step = 0;
    const run = (count: number): void => {
      for (let i = 0; i < count; i++, step++) runner.run(step, step);
      runner.drain();
      synchronize(device);
    };
    // Every batch's shape is seen often enough to be recorded before the clock starts.
    run(Math.max(warmUp, useGraphs ? 4 * NUM_BATCHES : 0));
    const start = performance.now();
    run(numSteps);
    return {
      secondsPerStep: (performance.now() - start) / 1000 / numSteps,
      operationsPerStep: operations.reduce((sum, count) => sum + count, 0) / operations.length,
      usesGraphs: useGraphs,
    };
  } finally {
    runner.dispose();
    optimizer[Symbol.dispose]();
    lossScale?.[Symbol.dispose]();
    flat[Symbol.dispose]();
    model.dispose();
  }
}
