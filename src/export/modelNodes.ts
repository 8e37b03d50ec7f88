/** @file The pieces that LXMERT's graph is made of, each a few standard operators over the weights of one module. */

import type { GraphBuilder } from '../onnx/index.js';
import type { Tensor } from '../torch/index.js';
import { type DenseLayer, type LayerWriter, writeTensor } from './layerWriter.js';

/** Weights by the names that checkpoints give them. */
export type Parameters = ReadonlyMap<string, Tensor>;

export interface AttentionRows {
  /** (B, queries, H) */
  readonly queries: string;
  /** (B, keys, H) */
  readonly keys: string;
  /** (B, keys, H) */
  readonly values: string;
}

export interface Attended {
  /** (B, queries, H) */
  readonly context: string;
  /** (B, heads, queries, keys) */
  readonly probabilities: string;
}

/** Nodes that read the parameters of modules by their path. */
export class ModelNodes {
  constructor(
    readonly graph: GraphBuilder,
    readonly writer: LayerWriter,
    private readonly parameters: Parameters,
    private readonly hiddenSize: number,
  ) {}

  /** @throws RangeError when the model has no such parameter */
  parameter(name: string): Tensor {
    const found = this.parameters.get(name);
    if (found === undefined) throw new RangeError(`The model has no parameter '${name}'.`);
    return found;
  }

  /** Rows of an embedding table: (...) -> (..., H) */
  lookUp(indices: string, module: string): string {
    return this.writer.lookUp(this.graph, indices, module, this.parameter(`${module}.weight`));
  }

  /** (..., in) -> (..., out) */
  dense(input: string, module: string): string {
    return this.#dense(input, this.#layer(module, [module]));
  }

  /** Several dense layers of one input as one product: (..., in) -> (..., parts * out) */
  joined(input: string, module: string, parts: readonly string[]): string {
    const layer = this.#layer(
      `${module}.${parts.join('+')}`,
      parts.map((part) => `${module}.${part}`),
    );
    return this.#dense(input, layer);
  }

  /** Feed-forward's first half: (..., H) -> (..., intermediate) */
  denseGelu(input: string, module: string): string {
    return this.graph.node('Gelu', [this.dense(input, module)], { name: `${module}.gelu` });
  }

  /** How every sublayer ends: dense, residual, LayerNorm. (..., in), (..., H) -> (..., H) */
  sublayerOutput(input: string, residual: string, module: string, epsilon: number): string {
    const sum = this.graph.node('Add', [this.dense(input, `${module}.dense`), residual], {
      name: `${module}.sum`,
    });
    return this.layerNorm(sum, `${module}.LayerNorm`, epsilon);
  }

  layerNorm(input: string, module: string, epsilon: number): string {
    const { type } = this.writer;
    const [scale, bias] = ['weight', 'bias'].map((part) =>
      writeTensor(this.graph, `${module}.${part}`, this.parameter(`${module}.${part}`), type),
    ) as [string, string];
    const attributes = { axis: -1, epsilon: { float: epsilon } };
    return this.graph.node('LayerNormalization', [input, scale, bias], { name: module, attributes });
  }

  /**
   * Scaled dot products over heads.
   *
   * @param mask (B or 1, 1, 1, keys): 0, or far below 0 for keys that do not count
   */
  attention(rows: AttentionRows, mask: string, numHeads: number, name: string): Attended {
    const { graph } = this;
    const probabilities = this.probabilities(rows, mask, numHeads, name);
    const values = this.#heads(rows.values, numHeads, [0, 2, 1, 3], `${name}.values`);
    const attended = graph.node('MatMul', [probabilities, values], { name: `${name}.attended` });
    const perm = [0, 2, 1, 3];
    const joined = graph.node('Transpose', [attended], { name: `${name}.rows`, attributes: { perm } });
    // (B, queries, heads, size) -> (B, queries, H)
    const context = graph.node('Reshape', [joined, graph.ints([0, 0, -1])], { name: `${name}.context` });
    return { context, probabilities };
  }

  /** What each query gives to each key: (B, heads, queries, keys) */
  probabilities(
    { queries, keys }: Omit<AttentionRows, 'values'>,
    mask: string,
    numHeads: number,
    name: string,
  ): string {
    const { graph, writer } = this;
    const ofQueries = this.#heads(queries, numHeads, [0, 2, 1, 3], `${name}.queries`); // (B, heads, queries, size)
    const ofKeys = this.#heads(keys, numHeads, [0, 2, 3, 1], `${name}.keys`); // (B, heads, size, keys)
    const products = graph.node('MatMul', [ofQueries, ofKeys], { name: `${name}.products` });
    const scale = graph.number(1 / Math.sqrt(this.hiddenSize / numHeads), writer.type);
    const scores = graph.node('Mul', [products, scale], { name: `${name}.scores` });
    const masked = graph.node('Add', [scores, mask], { name: `${name}.masked` });
    return graph.node('Softmax', [masked], { name: `${name}.probabilities`, attributes: { axis: -1 } });
  }

  /** (B, n, H) -> (B, n, heads, size) -> the order of `perm` */
  #heads(rows: string, numHeads: number, perm: readonly number[], name: string): string {
    const split = this.graph.node('Reshape', [rows, this.graph.ints([0, 0, numHeads, -1])], {
      name: `${name}.split`,
    });
    return this.graph.node('Transpose', [split], { name, attributes: { perm } });
  }

  #layer(name: string, modules: readonly string[]): DenseLayer {
    return {
      name,
      weights: modules.map((module) => this.parameter(`${module}.weight`)),
      biases: modules.map((module) => this.parameter(`${module}.bias`)),
    };
  }

  #dense(input: string, layer: DenseLayer): string {
    return this.writer.dense(this.graph, input, layer);
  }
}
