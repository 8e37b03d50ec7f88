/** @file `lxmert/runtime` in browsers and workers: answers from an exported model, without Node.js and without libtorch. */

export { useWasmFiles, WASM_FILES, type WasmFileReader } from './browser/ortModules.js';
export { browserPlatform } from './browser/platform.js';
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
