/** @file The ONNX room: graphs and their files. */

export { type ElementType, elementBytes } from './elementType.js';
export {
  type Attributes,
  type Dimension,
  GraphBuilder,
  type Initializer,
  type NodeOptions,
  type OnnxGraph,
  weightsBytes,
} from './graphBuilder.js';
export {
  MAX_MODEL_BYTES,
  type WriteModelOptions,
  type WrittenFile,
  type WrittenModel,
  writeModel,
} from './writeModel.js';
