/** @file `lxmert/runtime` in Node.js: answers from an exported model, without libtorch. */

export { type ExitCode, LxmertError, UsageError } from '../common/errors.js';
export type { RgbImage } from '../common/rgbImage.js';
export type { ImageRegion, ImageRegions, RegionLabel } from '../inference/imageRegions.js';
export type { LxmertAnswer, LxmertMatch } from '../inference/lxmert.js';
export { LxmertImage } from '../inference/lxmertImage.js';
export type { AnswerOptions } from '../inference/requests.js';
export type { RankedAnswer } from '../tasks/index.js';
export { type DetectionOptions, ExportedDetector } from './detector.js';
export {
  DETECTOR_PRECISIONS,
  type DetectorFields,
  detectorFieldsOf,
  type ExportedDetectorPrecision,
} from './detectorManifest.js';
export type { EngineInfo, EngineTensor } from './engine.js';
export type { LoadProgress } from './exportedFolder.js';
export type { GraphInputs } from './graphInputs.js';
export type { LoadOptions, RuntimeModel } from './loadModel.js';
export type { HeadProbabilities, RuntimeImage, SentenceAboutRows } from './lxmertRuntime.js';
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
export { Lxmert } from './node/lxmert.js';
