/** @file What a training is given: settings, snapshots, processes, device. */

import type { LoadReport } from '../checkpoint/index.js';
import type { Progress } from '../common/progress.js';
import type { LxmertConfig, Module, Precision } from '../model/index.js';
import type { TaskTraining } from '../tasks/index.js';
import type { Vocabulary } from '../text/index.js';
import type { Device } from '../torch/index.js';
import type { TrainerCallback } from './callbacks/trainerCallback.js';
import type { ProcessRank } from './distributed/environment.js';
import type { LearningRateSchedule, ScheduleName } from './learningRateSchedule.js';
import type { OptimizerName } from './optimizers/makeOptimizer.js';
import type { OptimizerFactory } from './optimizers/optimizer.js';
import type { RunFolder } from './runFolder.js';

/** A model that can be trained. */
export type TrainableModel = Module & { precision: Precision };

/** The numbers that decide a run, besides data and model. Kept in config.json, and compared when a run is resumed. */
export interface TrainingSettings {
  /** Examples of a step, in all processes together. */
  readonly batchSize: number;
  /** Backward passes that a process makes of its share of a batch (gradient accumulation): less memory, the same gradients. */
  readonly accumulationSteps: number;
  readonly numEpochs: number;
  /** The peak rate. */
  readonly learningRate: number;
  /** Share of the steps with a rising rate. */
  readonly warmupRatio: number;
  /** Largest global norm of the gradients. */
  readonly clipNorm: number;
  readonly seed: number;
  /** With bfloat16 and float16 the master weights, the optimizer and the loss stay float32. */
  readonly precision: Precision;
  /** Word pieces of a sentence, [CLS] and [SEP] included. */
  readonly maxLength: number;
  /** `bertadam` unless it says otherwise. */
  readonly optimizer?: OptimizerName;
  /** `linear` unless it says otherwise. */
  readonly schedule?: ScheduleName;
  /** 0.01 unless it says otherwise. */
  readonly weightDecay?: number;
}

/** How a run is kept so that it can go on after a crash. */
export interface SnapshotSettings {
  /** Steps between two snapshots; one is taken at each epoch's end too. */
  readonly everySteps: number;
  readonly numKept: number;
  /** Go on from the newest snapshot of the run folder, if there is one. */
  readonly resume: boolean;
}

/** This process among those that train one model; each has all data. */
export interface DistributedSettings {
  readonly process: ProcessRank;
  /** How long an operation may wait for the other processes. */
  readonly timeoutSeconds: number;
}

/** How a run uses a device. None of it changes what is computed, beyond rounding. */
export interface DeviceSettings {
  readonly device: Device;
  /** float32 products may round their factors to TF32. */
  readonly allowTf32: boolean;
  /** Start the kernels of a step as one graph. */
  readonly useGraphs: boolean;
}

/** Where a training happens and what is kept of it, whatever it trains. */
export interface RunOptions {
  /** What is written goes there. Without it nothing is written but by the task, and the run cannot be resumed. */
  readonly run?: RunFolder | undefined;
  /** The model's sizes, kept in config.json so that the model can be loaded. */
  readonly config?: LxmertConfig | undefined;
  /** Kept in the run folder. */
  readonly vocabulary?: Vocabulary | undefined;
  /** What the run was started with, kept in config.json so that it can be repeated. */
  readonly provenance?: Readonly<Record<string, unknown>>;
  /** None means that the run cannot be resumed. Needs `run`. */
  readonly snapshots?: SnapshotSettings | undefined;
  /** Where the model computes; the CPU unless it says otherwise. */
  readonly device?: DeviceSettings | undefined;
  /** Set when this is one of several processes. Needs `run`. */
  readonly distributed?: DistributedSettings | undefined;
  readonly callbacks?: readonly TrainerCallback[];
  readonly progress?: Progress;
  /** Aborting it ends the step under way, saves the run and ends the training. */
  readonly signal?: AbortSignal | undefined;
  /** Lines for a person: what is in force, what was loaded, each epoch. */
  readonly notice?: (line: string) => void;
}

/** What a `Trainer` is made of. */
export interface TrainerOptions<Batch = unknown, Placed = unknown> extends RunOptions {
  /** The caller's: it is on the run's device and trained when the training has ended. */
  readonly model: TrainableModel;
  readonly task: TaskTraining<Batch, Placed>;
  /** What is not given is as in {@link DEFAULT_SETTINGS}; further ones are kept in config.json as well. */
  readonly settings?: Partial<TrainingSettings>;
  /** One of a user's own, in place of the one that the settings name. */
  readonly optimizer?: OptimizerFactory;
  /** Likewise. */
  readonly schedule?: LearningRateSchedule;
  /**
   * Puts the first weights into the model of a run that begins; absent: they stay as they are.
   *
   * @param say gets lines for a person: what was loaded
   */
  readonly loadWeights?: ((say: (line: string) => void) => Promise<LoadReport>) | undefined;
}

/** The paper's for VQA. */
export const DEFAULT_SETTINGS = {
  batchSize: 32,
  accumulationSteps: 1,
  numEpochs: 4,
  learningRate: 5e-5,
  warmupRatio: 0.1,
  clipNorm: 5,
  seed: 9595,
  precision: 'float32',
  maxLength: 20,
  optimizer: 'bertadam',
  schedule: 'linear',
  weightDecay: 0.01,
} as const satisfies TrainingSettings;
