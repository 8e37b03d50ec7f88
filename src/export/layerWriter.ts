/** @file How weights get into a graph: the one place where a precision differs from another. */

import type { ElementType, GraphBuilder } from '../onnx/index.js';
import { type DType, noGrad, scope, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';

/** y = x W^T + b; several such layers of one input side by side are one. */
export interface DenseLayer {
  readonly name: string;
  /** (out, in) float32 each */
  readonly weights: readonly Tensor[];
  /** (out) float32 each */
  readonly biases: readonly Tensor[];
}

/** Values of some rows in a graph. */
export interface Matrix {
  readonly name: string;
  /** Whether the values of a row lie below each other, (values, rows), and not beside each other, (rows, values). */
  readonly isTurned: boolean;
}

/** Writes what has large weights. Values between layers have the type `type`. */
export interface LayerWriter {
  readonly type: 'float32' | 'float16';
  /** The nodes of a dense layer, its weights and its bias. @param input as {@link dense} gives it, or in rows */
  dense(graph: GraphBuilder, input: Matrix, layer: DenseLayer): Matrix;
  /** Rows of a table: indices (...) int64 -> (..., H). @param table (rows, H) float32 */
  lookUp(graph: GraphBuilder, indices: string, name: string, table: Tensor): string;
}

/** Weights rounded to float16, and so are the values between layers. */
export class HalfLayers implements LayerWriter {
  readonly type = 'float16';

  dense(graph: GraphBuilder, input: Matrix, layer: DenseLayer): Matrix {
    const { name, weights } = layer;
    const weight = graph.initializer({
      name: `${name}.weight`,
      type: 'float16',
      dims: [inputSizeOf(weights), outputSizeOf(weights)],
      bytes: () => bytesOf(() => ops.transpose(ops.cat(weights, 0), 0, 1), 'float16'),
    });
    const inputs = [inRows(graph, input), weight, writeBias(graph, layer, 'float16')];
    return { name: graph.node('Gemm', inputs, { name }), isTurned: false };
  }

  lookUp(graph: GraphBuilder, indices: string, name: string, table: Tensor): string {
    return writeLookUp(graph, indices, name, table, this.type);
  }
}

/**
 * Weights as they are, on the left of their products: (out, in) (in, rows) -> (out, rows). With the rows of one question, about
 * ten words and 36 regions, processors then pass over a weight in one go, and ONNX Runtime computes up to a quarter faster;
 * from some hundred rows on it makes no difference.
 */
export class ExactLayers implements LayerWriter {
  readonly type = 'float32';

  dense(graph: GraphBuilder, input: Matrix, layer: DenseLayer): Matrix {
    const { name, weights } = layer;
    const weight = graph.initializer({
      name: `${name}.weight`,
      type: 'float32',
      dims: [outputSizeOf(weights), inputSizeOf(weights)],
      bytes: () => bytesOf(() => ops.cat(weights, 0), 'float32'),
    });
    const bias = writeBias(graph, layer, 'float32', true); // (out, 1)
    const attributes = input.isTurned ? {} : { transB: 1 };
    return { name: graph.node('Gemm', [weight, input.name, bias], { name, attributes }), isTurned: true };
  }

  lookUp(graph: GraphBuilder, indices: string, name: string, table: Tensor): string {
    return writeLookUp(graph, indices, name, table, this.type);
  }
}

/** (rows, values) */
export function inRows(graph: GraphBuilder, { name, isTurned }: Matrix): string {
  if (!isTurned) return name;
  const rows = `${name}.rows`;
  return graph.has(rows)
    ? rows
    : graph.node('Transpose', [name], { name: rows, attributes: { perm: [1, 0] } });
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
  return graph.initializer({
    name: `${name}.bias`,
    type,
    dims: isColumn ? [size, 1] : [size],
    bytes: () => bytesOf(() => ops.cat(biases, 0), type),
  });
}

/** Rows of a table that is stored as `type`: indices (...) int64 -> (..., H). @returns their name */
export function writeLookUp(
  graph: GraphBuilder,
  indices: string,
  name: string,
  table: Tensor,
  type: ElementType,
): string {
  return graph.node('Gather', [writeTensor(graph, `${name}.weight`, table, type), indices], { name });
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
