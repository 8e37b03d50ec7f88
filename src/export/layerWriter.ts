/** @file How weights get into a graph: the one place where a precision differs from another. */

import type { ElementType, GraphBuilder } from '../onnx/index.js';
import { type DType, noGrad, scope, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';

/** y = x W^T + b; several such layers of one input side by side are one. */
export interface DenseLayer {
  readonly name: string;
  /** Whether its input has few rows when one question is asked: words, of which questions have about ten. */
  readonly hasFewRows: boolean;
  /** (out, in) float32 each */
  readonly weights: readonly Tensor[];
  /** (out) float32 each */
  readonly biases: readonly Tensor[];
}

/** Writes what has large weights. Values between layers have the type `type`. */
export interface LayerWriter {
  readonly type: 'float32' | 'float16';
  /** The nodes of a dense layer, its weights and its bias: (rows, in) -> (rows, out). @returns the result's name */
  dense(graph: GraphBuilder, input: string, layer: DenseLayer): string;
  /** Rows of a table: indices (...) int64 -> (..., H). @param table (rows, H) float32 */
  lookUp(graph: GraphBuilder, indices: string, name: string, table: Tensor): string;
}

/** Weights as they are, or rounded to float16. */
export class FloatLayers implements LayerWriter {
  constructor(readonly type: 'float32' | 'float16') {}

  dense(graph: GraphBuilder, input: string, layer: DenseLayer): string {
    const { name } = layer;
    if (layer.hasFewRows && this.type === 'float32') return this.#denseOfFewRows(graph, input, layer);
    const inputs = [input, this.#weight(graph, layer, true), writeBias(graph, layer, this.type)];
    return graph.node('Gemm', inputs, { name });
  }

  /**
   * The weight times the rows, turned: (out, in) (in, rows) -> (out, rows). With ten rows, processors then pass over the weight
   * in one go and compute a quarter faster in ONNX Runtime; from some hundred rows on it makes no difference.
   */
  #denseOfFewRows(graph: GraphBuilder, input: string, layer: DenseLayer): string {
    const { name } = layer;
    const bias = writeBias(graph, layer, this.type, true); // (out, 1)
    const turned = graph.node('Gemm', [this.#weight(graph, layer, false), input, bias], {
      name: `${name}.turned`,
      attributes: { transB: 1 },
    });
    return graph.node('Transpose', [turned], { name, attributes: { perm: [1, 0] } });
  }

  lookUp(graph: GraphBuilder, indices: string, name: string, table: Tensor): string {
    return graph.node('Gather', [writeTensor(graph, `${name}.weight`, table, this.type), indices], { name });
  }

  #weight(graph: GraphBuilder, { name, weights }: DenseLayer, isTurned: boolean): string {
    const { type } = this;
    const [inputs, outputs] = [inputSizeOf(weights), outputSizeOf(weights)];
    return graph.initializer({
      name: `${name}.weight`,
      type,
      dims: isTurned ? [inputs, outputs] : [outputs, inputs],
      bytes: () =>
        bytesOf(() => {
          const joined = ops.cat(weights, 0); // (out, in)
          return isTurned ? ops.transpose(joined, 0, 1) : joined;
        }, type),
    });
  }
}

/** Numbers that a dense layer reads. */
export function inputSizeOf([first]: readonly Tensor[]): number {
  return first?.shape[1] ?? 0;
}

/** Numbers that it gives. */
export function outputSizeOf(weights: readonly Tensor[]): number {
  return weights.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
}

/** A dense layer's bias. @returns its name */
export function writeBias(
  graph: GraphBuilder,
  { name, biases }: DenseLayer,
  type: ElementType,
  isColumn = false,
): string {
  const size = biases.reduce((sum, { numel }) => sum + numel, 0);
  const dims = isColumn ? [size, 1] : [size];
  return graph.initializer({
    name: `${name}.bias`,
    type,
    dims,
    bytes: () => bytesOf(() => ops.cat(biases, 0), type),
  });
}

/** A tensor as it lies. @returns its name */
export function writeTensor(graph: GraphBuilder, name: string, tensor: Tensor, type: ElementType): string {
  return graph.initializer({ name, type, dims: tensor.shape, bytes: () => bytesOf(() => tensor, type) });
}

/** A tensor's values as a file holds them. @param make what gives the tensor, on the processor */
export function bytesOf(make: () => Tensor, type: ElementType): Uint8Array {
  return noGrad(() =>
    scope(() => {
      const { buffer, byteOffset, byteLength } = ops.contiguous(ops.to(make(), type as DType)).data();
      return new Uint8Array(buffer, byteOffset, byteLength);
    }),
  );
}
