/** @file The export room: trained models as files for every ONNX runtime. */

export { type ExportedModel, type ExportModelOptions, exportModel } from './exportModel.js';
