/** @file Checkpoints: every layout read, two written, names of three families. */

export { isAnswerRow, loadAnswerRows } from './answerHead.js';
export type { ModelSizes } from './architecture.js';
export { CheckpointError } from './checkpointError.js';
export { CheckpointFile } from './checkpointFile.js';
export {
  type CheckpointConvertOptions,
  type ConvertedCheckpoint,
  convertCheckpoint,
} from './convertCheckpoint.js';
export {
  type CheckpointDescription,
  countTensors,
  describeCheckpoint,
  FORMATS,
  type ReadFacts,
  renderDescription,
} from './describeCheckpoint.js';
export type { WrittenConfig } from './huggingFaceConfig.js';
export {
  type LoadOptions,
  type LoadReport,
  loadWeights,
  type ReshapedTensor,
  renderLoadReport,
} from './loadWeights.js';
export { missingAnswerHead } from './missingHead.js';
export {
  bertSettings,
  type GivenSettings,
  type HeadsSource,
  type ModelSettings,
  modelSettings,
} from './modelSettings.js';
export {
  bertSizes,
  guessedAttentionHeads,
  imagesPerExampleOf,
  type ModelKind,
  missingEncoderTensors,
  modelKind,
  modelSizes,
  numAnswersOf,
  regionClassesOf,
} from './modelSizes.js';
export type { ModelChoice, OtherWeights } from './names/chooseModel.js';
export type { EncoderGroup } from './names/encoderGroups.js';
export {
  canonicalName,
  type HeadPrefixes,
  type NamingFamily,
  nameIn,
  referenceFamily,
} from './names/tensorNames.js';
export type { CaffeLayer, CheckpointFormat, ParsedCheckpoint } from './read/parsed.js';
export { readingNotes } from './readingNotes.js';
export type { StatedConfig, StatedSize, UntoldSettings } from './statedConfig.js';
export type { ElementType, StorageRegion, TensorEntry } from './tensorEntry.js';
export { summarizeValues, type ValueSummary } from './valueRange.js';
export { splitWeightsPath, type WeightsPath } from './weightsPath.js';
export { saveCheckpoint, saveTensors } from './write/saveCheckpoint.js';
