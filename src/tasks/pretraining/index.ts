/** @file Pre-training as a task: its batches, labels, losses and scores. */

export { task } from '../pretrain.js';
export { type BatchSources, type LabelledRegions, requireLabels, sentencePieces } from './batch.js';
export type { PretrainingScores } from './evaluate.js';
export {
  DEFAULT_LOSSES,
  LOSS_KEYS,
  LOSS_TITLES,
  type LossDenominators,
  type LossSettings,
  type PretrainingBatch,
  predictionPlaces,
} from './labels.js';
export { pretrainingLosses } from './losses.js';
export type { PlacedPretrainingBatch } from './placedBatch.js';
export type { PretrainingTask } from './pretrainingTask.js';
