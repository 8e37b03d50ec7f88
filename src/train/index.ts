/** @file Everything that a training script names: the trainer, optimizers, schedules, callbacks, runs, several processes. */

export { EarlyStopping } from './callbacks/earlyStopping.js';
export { RunLog } from './callbacks/runLog.js';
export type {
  Saved,
  StepMetrics,
  TrainerCallback,
  TrainingControl,
  TrainingResult,
  TrainingStart,
} from './callbacks/trainerCallback.js';
export { type Environment, type ProcessRank, processRank } from './distributed/environment.js';
export { type FinetuneResult, finetune } from './finetune.js';
export type { FinetuneOptions, FinetuneSettings } from './finetuneOptions.js';
export type { InitialWeights } from './initialWeights.js';
export {
  constantSchedule,
  cosineSchedule,
  type LearningRateSchedule,
  learningRateSchedule,
  linearSchedule,
  SCHEDULE_NAMES,
  type ScheduleName,
  type WarmupOptions,
} from './learningRateSchedule.js';
export { Adam, type AdamOptions, type AdamRange } from './optimizers/adam.js';
export type { AdamBuffers } from './optimizers/adamUpdate.js';
export { AdamW, type AdamWOptions } from './optimizers/adamW.js';
export { BertAdam } from './optimizers/bertAdam.js';
export { type ClippedGradients, clipGradients } from './optimizers/clipGradients.js';
export {
  type FlatGroup,
  type FlatParameter,
  FlatParameters,
  type TrainedLeaf,
} from './optimizers/flatParameters.js';
export { type FlatRange, rangesOf } from './optimizers/flatRanges.js';
export { OPTIMIZER_NAMES, type OptimizerName, optimizerFactory } from './optimizers/makeOptimizer.js';
export type {
  GpuGradientScale,
  Optimizer,
  OptimizerFactory,
  OptimizerPlan,
  OptimizerState,
} from './optimizers/optimizer.js';
export { type PretrainOptions, type PretrainResult, type PretrainSettings, pretrain } from './pretrain.js';
export type { PretrainingWeights } from './pretrainingWeights.js';
export { RunFolder } from './runFolder.js';
export { type TrainingState, trainingStateSchema } from './snapshots/trainingState.js';
export type { StepRates } from './stepMeter.js';
export { Trainer, type TrainerResult } from './trainer.js';
export {
  DEFAULT_SETTINGS,
  type DeviceSettings,
  type DistributedSettings,
  type RunOptions,
  type SnapshotSettings,
  type TrainableModel,
  type TrainerOptions,
  type TrainingSettings,
} from './trainerOptions.js';
