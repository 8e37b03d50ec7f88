/** @file `lxmert/runtime` in browsers and workers: answers from an exported model, without Node.js and without libtorch. */

export { useWasmFiles, type WasmFileReader } from './browser/ortModules.js';
export { browserPlatform } from './browser/platform.js';
export { type DetectionOptions, ExportedDetector } from './detector.js';
export {
  DETECTOR_PRECISIONS,
  type DetectorFields,
  detectorFieldsOf,
  type ExportedDetectorPrecision,
} from './detectorManifest.js';
export type { Engine, EngineInfo, EngineSession, EngineTensor, GraphFile } from './engine.js';
export {
  type ExportedFolder,
  type FileFacts,
  type LoadProgress,
  missingFile,
  requireChecksum,
  requireSize,
} from './exportedFolder.js';
export {
  chooseWeights,
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
export type { EngineOptions, Platform } from './platform.js';
