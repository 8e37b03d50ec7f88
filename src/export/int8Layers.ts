/**
 * @file Weights in 8 bits: symmetric, with a scale for each output channel. What they are multiplied with is rounded to 8 bits
 * when the graph runs, with one scale for a whole tensor. In standard operators; ONNX Runtime makes one kernel of
 * DynamicQuantizeLinear, MatMulInteger, Cast, Mul and Add (MatMulIntegerToFloat).
 */

import type { GraphBuilder } from '../onnx/index.js';
import type { Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import {
  bytesOf,
  type DenseLayer,
  inputSizeOf,
  inRows,
  type LayerWriter,
  type Matrix,
  outputSizeOf,
  writeBias,
  writeLookUp,
} from './layerWriter.js';

/** Symmetric: -128 is left out. */
const LARGEST = 127;

/**
 * Processors with AVX2 but without VNNI add two neighbouring products in 16 bits, and cut what exceeds them: 255 * 127 twice
 * does. Weights whose neighbours add up to no more than this are only cut where both of the numbers that they meet exceed
 * 32767 / 152 = 215 of 255, which has not been seen; finer steps would double the error there, a bound of 128, which no
 * input could exceed, would add a third to it everywhere.
 */
const LARGEST_NEIGHBOURS = 152;

/** Tables of fewer numbers stay as they are: positions, sentence types. */
const SMALLEST_TABLE = 2 ** 19;

/** TensorProto.DataType.FLOAT */
const FLOAT32 = 1;

/** A tensor in 8 bits: value = scale * (rounded - zero). */
interface Rounded {
  readonly values: string;
  readonly scale: string;
  readonly zero: string;
}

/** One for each graph. */
export class Int8Layers implements LayerWriter {
  readonly type = 'float32';
  /** What several layers read is rounded once. */
  readonly #rounded = new Map<string, Rounded>();

  dense(graph: GraphBuilder, input: Matrix, layer: DenseLayer): Matrix {
    const isExact = !layer.name.startsWith('bert.encoder.');
    const rows = inRows(graph, input);
    const name = isExact ? this.#exactDense(graph, rows, layer) : this.#dense(graph, rows, layer);
    return { name, isTurned: false };
  }

  #dense(graph: GraphBuilder, input: string, layer: DenseLayer): string {
    const { name, weights } = layer;
    const { values, scale, zero } = this.#round(graph, input);
    const { rows, steps } = writeRounded(graph, `${name}.weight`, () => ops.cat(weights, 0), {
      dims: [inputSizeOf(weights), outputSizeOf(weights)],
      isTransposed: true,
    });
    const products = graph.node('MatMulInteger', [values, rows, zero], { name: `${name}.products` });
    const counts = graph.node('Cast', [products], { name: `${name}.counts`, attributes: { to: FLOAT32 } });
    const step = graph.node('Mul', [scale, steps], { name: `${name}.step` });
    const product = graph.node('Mul', [counts, step], { name: `${name}.product` });
    return graph.node('Add', [product, writeBias(graph, layer, 'float32')], { name });
  }

  lookUp(graph: GraphBuilder, indices: string, name: string, table: Tensor): string {
    if (table.numel < SMALLEST_TABLE) return writeLookUp(graph, indices, name, table, this.type);
    const { rows, steps } = writeRounded(graph, `${name}.weight`, () => table, {
      dims: table.shape,
      isTransposed: false,
    });
    const counts = graph.node('Gather', [rows, indices], { name: `${name}.rows` }); // (..., H)
    const values = graph.node('Cast', [counts], { name: `${name}.counts`, attributes: { to: FLOAT32 } });
    const step = graph.node('Gather', [steps, indices], { name: `${name}.step` }); // (..., 1)
    return graph.node('Mul', [values, step], { name });
  }

  /**
   * The pooler and the heads: they compute for one word of a sentence, so their speed hardly counts, and nothing after
   * them evens their errors out. Their weights are stored in float16 and become float32 when the file is loaded.
   */
  #exactDense(graph: GraphBuilder, input: string, layer: DenseLayer): string {
    const { name, weights } = layer;
    const stored = graph.initializer({
      name: `${name}.weight`,
      type: 'float16',
      dims: [inputSizeOf(weights), outputSizeOf(weights)],
      bytes: () => bytesOf(() => ops.transpose(ops.cat(weights, 0), 0, 1), 'float16'),
    });
    const wide = graph.node('Cast', [stored], { name: `${name}.wide`, attributes: { to: FLOAT32 } });
    const product = graph.node('MatMul', [input, wide], { name: `${name}.product` });
    return graph.node('Add', [product, writeBias(graph, layer, 'float32')], { name });
  }

  #round(graph: GraphBuilder, input: string): Rounded {
    const known = this.#rounded.get(input);
    if (known !== undefined) return known;
    const outputs = ['rounded', 'scale', 'zero'].map((part) => `${input}.${part}`);
    const [values, scale, zero] = graph.nodeOf('DynamicQuantizeLinear', [input], { outputs }) as [
      string,
      string,
      string,
    ];
    const rounded = { values, scale, zero };
    this.#rounded.set(input, rounded);
    return rounded;
  }
}

interface RoundedForm {
  readonly dims: readonly number[];
  /** As MatMul takes weights: (in, out), where the tensor is (out, in) and each of its rows has a scale. */
  readonly isTransposed: boolean;
}

/** Each row of a matrix in 8 bits: names of the whole numbers, and of the steps, (out) or (rows, 1). */
function writeRounded(
  graph: GraphBuilder,
  name: string,
  make: () => Tensor,
  { dims, isTransposed }: RoundedForm,
): { readonly rows: string; readonly steps: string } {
  const oriented = (matrix: Tensor): Tensor => (isTransposed ? ops.transpose(matrix, 0, 1) : matrix);
  const rows = graph.initializer({
    name,
    type: 'int8',
    dims,
    bytes: () => bytesOf(() => oriented(roundRows(make()).rows), 'int8'),
  });
  const steps = graph.initializer({
    name: `${name}.step`,
    type: 'float32',
    dims: isTransposed ? dims.slice(1) : [dims[0] ?? 0, 1],
    bytes: () => bytesOf(() => roundRows(make()).steps, 'float32'),
  });
  return { rows, steps };
}

/**
 * Each row as whole numbers of at most 127, and the step that they count: (rows, n) -> (rows, n), (rows, 1). Neighbours are
 * the numbers 0 and 1, 2 and 3, and so on, of a row.
 */
export function roundRows(matrix: Tensor): { readonly rows: Tensor; readonly steps: Tensor } {
  const [numRows, length] = matrix.shape as [number, number];
  const even = length % 2 === 0 ? matrix : ops.constantPad(matrix, [0, 1], 0);
  const pairs = ops.sum(ops.reshape(even, [numRows, -1, 2]), [2]); // (rows, n / 2)
  const largest = ops.div(ops.amax(ops.abs(matrix), [1], true), LARGEST);
  const largestPairs = ops.div(ops.amax(ops.abs(pairs), [1], true), LARGEST_NEIGHBOURS);
  const found = ops.maximum(largest, largestPairs); // (rows, 1)
  // A row of zeros counts them in steps of any size.
  const steps = ops.maskedFill(found, ops.eq(found, 0), 1);
  return { rows: ops.clamp(ops.round(ops.div(matrix, steps)), -LARGEST, LARGEST), steps };
}
