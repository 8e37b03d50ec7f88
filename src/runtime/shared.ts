/** @file What `lxmert/runtime` is in Node.js and in browsers alike. */

export { type ExitCode, LxmertError, UsageError } from '../common/errors.js';
export type { RgbImage } from '../common/rgbImage.js';
export type { AttentionMap } from '../explain/attentionMap.js';
export type { ExplainedRegion } from '../explain/explainedRegions.js';
export type { AnswerRelevance, ExplainedLayer, ExplainOptions, Explanation } from '../explain/explanation.js';
export type { ExplanationMethod, Removal, RemovedWord, TakenAway, WithoutPart } from '../explain/removal.js';
export type { ImageRegion, ImageRegions, RegionLabel } from '../inference/imageRegions.js';
export type { LxmertAnswer, LxmertMatch } from '../inference/lxmert.js';
export { LxmertImage } from '../inference/lxmertImage.js';
export type { PictureReader } from '../inference/pictureRegions.js';
export type { AnswerOptions } from '../inference/requests.js';
export type { RankedAnswer } from '../tasks/index.js';
export type { LabelNames } from '../vision/detector/labelNames.js';
export { type DetectionOptions, ExportedDetector } from './detector.js';
export {
  DETECTOR_PRECISIONS,
  type DetectorFields,
  detectorFieldsOf,
  type ExportedDetectorPrecision,
} from './detectorManifest.js';
export type { Engine, EngineInfo, EngineSession, EngineTensor, GraphFile } from './engine.js';
export type { ExportedFolder, FileFacts, LoadProgress } from './exportedFolder.js';
export type { GraphInputs } from './graphInputs.js';
export type { LoadOptions, RuntimeModel } from './loadModel.js';
export type { HeadProbabilities, LxmertParts, RuntimeImage, SentenceAboutRows } from './lxmertRuntime.js';
export {
  type DetectorManifest,
  GRAPH_OUTPUTS,
  type GraphOutput,
  MANIFEST_FILE,
  MANIFEST_FORMAT,
  MANIFEST_VERSION,
  type Manifest,
  type ManifestWeights,
  type ModelManifest,
  PRECISIONS,
  parseManifest,
  type WeightsPrecision,
} from './manifest.js';
export type { EngineOptions, FolderOptions, Platform } from './platform.js';
export type { RuntimeRegionFinder } from './regionFinder.js';
