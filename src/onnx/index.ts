/** @file The ONNX room: graphs and their files. */

export { type ElementType, elementBytes } from './elementType.js';
export {
  type Attributes,
  type Dimension,
  GraphBuilder,
  type Initializer,
  initializerBytes,
  type NodeOptions,
  type OnnxGraph,
} from './graphBuilder.js';
export {
  MAX_MODEL_BYTES,
  type WriteModelOptions,
  type WrittenFile,
  type WrittenModel,
  writeModel,
} from './writeModel.js';
