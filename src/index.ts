/** @file The public interface of the package. */

export { CheckpointFile, loadWeights, saveCheckpoint } from './checkpoint/index.js';
export { LxmertError, UsageError } from './common/errors.js';
export {
  type ExtractionOptions,
  type ExtractionResult,
  extractFeatures,
  GivenBoxes,
  type Verification,
  verifyFeatures,
} from './extraction/index.js';
export { FeatureStore } from './features/index.js';
export { readRow } from './features/readRow.js';
export type { ImageRegion, ImageRegions, RegionLabel } from './inference/imageRegions.js';
export {
  type AnswerOptions,
  Lxmert,
  type LxmertAnswer,
  type LxmertImage,
  type LxmertMatch,
  type LxmertSource,
} from './inference/lxmert.js';
export { type LoadedModel, loadAnsweringModel, type ModelSource } from './inference/modelFolder.js';
export {
  LXMERT_BASE,
  type LxmertConfig,
  LxmertModel,
  lxmertConfig,
  type QuestionAnsweringModel,
  questionAnsweringModel,
} from './model/index.js';
export type { CoverageRules, NotComputed } from './tasks/metrics/coverage.js';
export { scoreGqaFiles, scoreNlvr2Files, scoreVqaFiles } from './tasks/metrics/scoreFiles.js';
export { officialVqaScore } from './tasks/metrics/vqaAccuracy.js';
export { predictExamples, type RankedAnswer, rankAnswers } from './tasks/predict.js';
export { encodeBatch, Vocabulary, WordPieceTokenizer } from './text/index.js';
export { liveTensors, scope, Tensor } from './torch/index.js';
export { decodeImage } from './vision/decodeImage.js';
export {
  DETECTOR_PROFILES,
  type DetectedRegions,
  type DetectorPrecision,
  RegionDetector,
  type RegionDetectorOptions,
} from './vision/detector/index.js';
export { type ImageFile, listImageFiles } from './vision/imageFiles.js';
