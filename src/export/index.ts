/** @file The export room: trained models and the region detector as files for every ONNX runtime. */

export { type ExportDetectorOptions, type ExportedDetectorFolder, exportDetector } from './exportDetector.js';
export { type ExportedModel, type ExportModelOptions, exportModel } from './exportModel.js';
