/**
 * @file The pieces that LXMERT's graph is made of, each a few standard operators over the weights of one module. Streams are
 * rows one below the other, so that a dense layer with its bias is one operator (Gemm).
 */

import type { GraphBuilder } from '../onnx/index.js';
import type { Tensor } from '../torch/index.js';
import { type DenseLayer, inRows, type LayerWriter, type Matrix, writeTensor } from './layerWriter.js';

/** Weights by the names that checkpoints give them. */
export type Parameters = ReadonlyMap<string, Tensor>;

/** Sizes of attention. */
export interface HeadSizes {
  readonly hiddenSize: number;
  readonly numAttentionHeads: number;
}

/** What asks and what is asked, by heads. */
export interface AttentionHeads {
  /** (B, heads, queries, size) */
  readonly queries: string;
  /** (B, heads, keys, size) */
  readonly keys: string;
  /** (B, heads, keys, size) */
  readonly values: string;
}

export interface Attended {
  /** (B * queries, H) */
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
    private readonly sizes: HeadSizes,
  ) {}

  /** Rows of an embedding table: (...) -> (..., H) */
  lookUp(indices: string, module: string): string {
    return this.writer.lookUp(this.graph, indices, module, this.#parameter(`${module}.weight`));
  }

  /** (rows, in) -> (rows, out) */
  dense(input: string, module: string): string {
    return inRows(this.graph, this.#dense(rowsOf(input), module));
  }

  /** Several dense layers of one input as one product: (rows, in) -> (rows, parts * out) */
  joined(input: string, module: string, parts: readonly string[]): string {
    const name = `${module}.${parts.join('+')}`;
    const modules = parts.map((part) => `${module}.${part}`);
    return inRows(this.graph, this.writer.dense(this.graph, rowsOf(input), this.#layer(name, modules)));
  }

  /** A dense layer with GELU behind it: (rows, in) -> (rows, out) */
  denseGelu(input: string, module: string): string {
    return inRows(this.graph, this.#denseGelu(input, module));
  }

  /** How an attention sublayer ends: dense, residual, LayerNorm. (rows, in), (rows, H) -> (rows, H) */
  sublayerOutput(input: string, residual: string, module: string, epsilon: number): string {
    return this.#sublayerEnd(rowsOf(input), residual, module, epsilon);
  }

  /** The sublayer of two dense layers: (rows, H) -> (rows, H) */
  feedForward(rows: string, inner: string, output: string, epsilon: number): string {
    return this.#sublayerEnd(this.#denseGelu(rows, inner), rows, output, epsilon);
  }

  layerNorm(input: string, module: string, epsilon: number): string {
    const { type } = this.writer;
    const [scale, bias] = ['weight', 'bias'].map((part) =>
      writeTensor(this.graph, `${module}.${part}`, this.#parameter(`${module}.${part}`), type),
    ) as [string, string];
    const attributes = { axis: -1, epsilon: { float: epsilon } };
    return this.graph.node('LayerNormalization', [input, scale, bias], { name: module, attributes });
  }

  /**
   * What dense layers side by side gave, by heads: one transposition for all of them.
   *
   * @param projected (B * n, parts * H)
   * @param batch a list of one number, B
   * @returns (B, heads, n, size) for each part
   */
  heads(projected: string, parts: number, batch: string): readonly string[] {
    const { graph } = this;
    const { hiddenSize, numAttentionHeads: numHeads } = this.sizes;
    const shape = graph.concat([batch, graph.ints([-1, parts * numHeads, hiddenSize / numHeads])]);
    const apart = graph.node('Reshape', [projected, shape], { name: `${projected}.apart` }); // (B, n, parts * heads, size)
    const name = `${projected}.heads`;
    const byHeads = graph.node('Transpose', [apart], { name, attributes: { perm: [0, 2, 1, 3] } });
    if (parts === 1) return [byHeads];
    const outputs = Array.from({ length: parts }, (_, i) => `${name}.${i}`);
    const sizes = graph.ints(outputs.map(() => numHeads));
    return graph.nodeOf('Split', [byHeads, sizes], { outputs, attributes: { axis: 1 } });
  }

  /**
   * Scaled dot products over heads.
   *
   * @param mask (B or 1, 1, 1, keys): 0, or far below 0 for keys that do not count
   */
  attention(heads: AttentionHeads, mask: string, name: string): Attended {
    const { graph } = this;
    const probabilities = this.probabilities(heads, mask, name);
    const attended = graph.node('MatMul', [probabilities, heads.values], { name: `${name}.attended` });
    const perm = [0, 2, 1, 3];
    const joined = graph.node('Transpose', [attended], { name: `${name}.rows`, attributes: { perm } });
    // (B, queries, heads, size) -> (B * queries, H)
    const shape = graph.ints([-1, this.sizes.hiddenSize]);
    return { context: graph.node('Reshape', [joined, shape], { name: `${name}.context` }), probabilities };
  }

  /** What each query gives to each key: (B, heads, queries, keys) */
  probabilities({ queries, keys }: Omit<AttentionHeads, 'values'>, mask: string, name: string): string {
    const { graph, writer } = this;
    const { hiddenSize, numAttentionHeads: numHeads } = this.sizes;
    const perm = [0, 1, 3, 2];
    const turned = graph.node('Transpose', [keys], { name: `${name}.keys`, attributes: { perm } });
    const products = graph.node('MatMul', [queries, turned], { name: `${name}.products` });
    const scale = graph.number(1 / Math.sqrt(hiddenSize / numHeads), writer.type);
    const scores = graph.node('Mul', [products, scale], { name: `${name}.scores` });
    const masked = graph.node('Add', [scores, mask], { name: `${name}.masked` });
    return graph.node('Softmax', [masked], { name: `${name}.probabilities`, attributes: { axis: -1 } });
  }

  #dense(input: Matrix, module: string): Matrix {
    return this.writer.dense(this.graph, input, this.#layer(module, [module]));
  }

  #denseGelu(input: string, module: string): Matrix {
    const { name, isTurned } = this.#dense(rowsOf(input), module);
    return { name: this.graph.node('Gelu', [name], { name: `${module}.gelu` }), isTurned };
  }

  #sublayerEnd(input: Matrix, residual: string, module: string, epsilon: number): string {
    const dense = inRows(this.graph, this.#dense(input, `${module}.dense`));
    const sum = this.graph.node('Add', [dense, residual], { name: `${module}.sum` });
    return this.layerNorm(sum, `${module}.LayerNorm`, epsilon);
  }

  #layer(name: string, modules: readonly string[]): DenseLayer {
    return {
      name,
      weights: modules.map((module) => this.#parameter(`${module}.weight`)),
      biases: modules.map((module) => this.#parameter(`${module}.bias`)),
    };
  }

  #parameter(name: string): Tensor {
    const found = this.parameters.get(name);
    if (found === undefined) throw new RangeError(`The model has no parameter '${name}'.`);
    return found;
  }
}

function rowsOf(name: string): Matrix {
  return { name, isTurned: false };
}
