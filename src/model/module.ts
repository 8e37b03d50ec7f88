/** @file What a part of the model is: named parameters and named parts. */

import { type Device, keep, noGrad, scope, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import { Leaf, type LeafOptions, type LeafPart, plainWeight } from './leaf.js';

export { Leaf, type LeafOptions, type LeafPart } from './leaf.js';

/**
 * A part of a model. Parameters and child modules are registered under the names that checkpoints use, so that
 * a parameter's full name, its path joined by points, is its name in a reference file.
 */
export abstract class Module {
  readonly #leaves: Leaf[] = [];
  readonly #children = new Map<string, Module>();
  /** Rows of joined leaves and plain copies of packed ones under their own names, made when first asked for. */
  readonly #views = new Map<Leaf, readonly (readonly [string, Tensor])[]>();

  /** A bias, or a scale of a norm: what stays float32 in every precision. */
  protected parameter(name: string, tensor: Tensor): Tensor {
    return this.joinedParameter([{ name, numRows: tensor.shape[0] ?? 1 }], tensor).tensor;
  }

  /** The weight of a dense layer, or a table of vectors. */
  protected weightParameter(name: string, tensor: Tensor, options: LeafOptions): Leaf {
    return this.joinedParameter([{ name, numRows: tensor.shape[0] ?? 1 }], tensor, options);
  }

  /** Several parameters of equal width in one tensor, one below the other. */
  protected joinedParameter(
    parts: readonly LeafPart[],
    tensor: Tensor,
    { isDense = false, isHead = false, isTable = false }: LeafOptions = {},
  ): Leaf {
    keep(tensor);
    tensor.requiresGrad = true;
    const leaf = new Leaf(tensor, parts, isDense, isHead, isTable);
    this.#leaves.push(leaf);
    return leaf;
  }

  /** Registers a part. Under the empty name its parameters are named as this module's own. */
  protected child<M extends Module>(name: string, module: M): M {
    this.#children.set(name, module);
    return module;
  }

  /**
   * Every parameter of this module and its children by full name, in the order of registration. Joined parameters
   * are views of the tensor that holds them: writing into them under `noGrad` changes the model; their gradients are
   * in {@link namedGradients}. Of packed weights they are plain copies, which
   * stay until {@link forgetViews}.
   */
  namedParameters(prefix = ''): Map<string, Tensor> {
    const named = new Map<string, Tensor>();
    for (const [name, tensor] of this.#partTensors()) named.set(prefix + name, tensor);
    for (const [path, module] of this.#childPaths(prefix)) {
      for (const [name, tensor] of module.namedParameters(path)) named.set(name, tensor);
    }
    return named;
  }

  /** Gradients under the names of {@link namedParameters}, null where there is none. The tensors are the caller's. */
  namedGradients(prefix = ''): Map<string, Tensor | null> {
    const named = new Map<string, Tensor | null>();
    for (const { tensor, parts } of this.#leaves) {
      scope(() => {
        const whole = tensor.grad;
        if (whole === null) for (const { name } of parts) named.set(prefix + name, null);
        else for (const { name, rows } of splitRows(parts, whole)) named.set(prefix + name, keep(rows));
      });
    }
    for (const [path, module] of this.#childPaths(prefix)) {
      for (const [name, gradient] of module.namedGradients(path)) named.set(name, gradient);
    }
    return named;
  }

  /** The tensors that an optimizer trains, by the names of their parts, the first of them in full. */
  leaves(prefix = ''): Map<string, Leaf> {
    const named = new Map<string, Leaf>();
    for (const leaf of this.#leaves) {
      named.set(prefix + leaf.parts.map(({ name }) => name).join('+'), leaf);
    }
    for (const [path, module] of this.#childPaths(prefix)) {
      for (const [name, leaf] of module.leaves(path)) named.set(name, leaf);
    }
    return named;
  }

  /** The leaf that holds each parameter, by the names of {@link namedParameters}. */
  leavesByParameter(prefix = ''): Map<string, Leaf> {
    const named = new Map<string, Leaf>();
    for (const leaf of this.#leaves) {
      for (const { name } of leaf.parts) named.set(prefix + name, leaf);
    }
    for (const [path, module] of this.#childPaths(prefix)) {
      for (const [name, leaf] of module.leavesByParameter(path)) named.set(name, leaf);
    }
    return named;
  }

  /** Where the parameters are, and so where the module computes. */
  get device(): Device {
    return (this.#firstLeaf()?.tensor.device ?? 'cpu') as Device;
  }

  /** Moves the parameters; handles stay valid. */
  moveTo(device: Device): this {
    for (const leaf of this.leaves().values()) leaf.moveTo(device);
    this.forgetViews();
    return this;
  }

  /** The number of trained values. */
  get numParameters(): number {
    let count = 0;
    for (const { numValues } of this.leaves().values()) count += numValues;
    return count;
  }

  /** To be called when the leaves' memory was exchanged, or that of one: views of the old are dropped. */
  forgetViews(only?: Leaf): void {
    for (const [leaf, views] of this.#views) {
      if (only !== undefined && leaf !== only) continue;
      for (const [, view] of views) view.dispose();
      this.#views.delete(leaf);
    }
    for (const module of this.#children.values()) module.forgetViews(only);
  }

  /** Ends every parameter. The module cannot be used afterwards. */
  dispose(): void {
    this.forgetViews();
    for (const leaf of this.leaves().values()) leaf.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Asked for at every pass, where the names of all parameters would take longer than some layers. */
  #firstLeaf(): Leaf | undefined {
    const [own] = this.#leaves;
    if (own !== undefined) return own;
    for (const module of this.#children.values()) {
      const first = module.#firstLeaf();
      if (first !== undefined) return first;
    }
    return undefined;
  }

  *#childPaths(prefix: string): Generator<[string, Module]> {
    for (const [name, module] of this.#children) yield [name === '' ? prefix : `${prefix}${name}.`, module];
  }

  *#partTensors(): Generator<readonly [string, Tensor]> {
    for (const leaf of this.#leaves) {
      const [only, ...others] = leaf.parts;
      if (only !== undefined && others.length === 0 && leaf.packed === undefined)
        yield [only.name, leaf.tensor];
      else yield* this.#viewsOf(leaf);
    }
  }

  #viewsOf(leaf: Leaf): readonly (readonly [string, Tensor])[] {
    let views = this.#views.get(leaf);
    if (views === undefined) {
      views = noGrad(() =>
        scope(() =>
          splitRows(leaf.parts, plainWeight(leaf)).map(({ name, rows }) => [name, keep(rows)] as const),
        ),
      );
      this.#views.set(leaf, views);
    }
    return views;
  }
}

/** The rows of each part, as views. */
function splitRows(
  parts: readonly LeafPart[],
  whole: Tensor,
): { readonly name: string; readonly rows: Tensor }[] {
  let start = 0;
  return parts.map(({ name, numRows }) => {
    const rows = ops.narrow(whole, 0, start, numRows);
    start += numRows;
    return { name, rows };
  });
}
