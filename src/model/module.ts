/** @file What a part of the model is: named parameters and named parts. */

import { type Device, keep, noGrad, scope, setParameterBuffers, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';

/** A tensor that is trained. */
export interface Leaf {
  readonly tensor: Tensor;
  /** A dense layer's weight: computed with in the model's precision, where everything else stays float32. */
  readonly isDense: boolean;
  /** Names and heights of the parameters that lie in it one below the other; one unless they are joined. */
  readonly parts: readonly LeafPart[];
}

export interface LeafPart {
  readonly name: string;
  readonly numRows: number;
}

export interface LeafOptions {
  readonly isDense?: boolean;
}

/**
 * A part of a model. Parameters and child modules are registered under the names that checkpoints use, so that
 * a parameter's full name, its path joined by points, is its name in a reference file.
 */
export abstract class Module {
  readonly #leaves: Leaf[] = [];
  readonly #children = new Map<string, Module>();
  /** Rows of joined leaves under their own names, made when first asked for. */
  readonly #views = new Map<Leaf, readonly (readonly [string, Tensor])[]>();

  protected parameter(name: string, tensor: Tensor, { isDense = false }: LeafOptions = {}): Tensor {
    return this.joinedParameter([{ name, numRows: tensor.shape[0] ?? 1 }], tensor, { isDense });
  }

  /** Several parameters of equal width in one tensor, one below the other. */
  protected joinedParameter(
    parts: readonly LeafPart[],
    tensor: Tensor,
    { isDense = false }: LeafOptions = {},
  ): Tensor {
    keep(tensor);
    tensor.requiresGrad = true;
    this.#leaves.push({ tensor, isDense, parts });
    return tensor;
  }

  /** Registers a part. Under the empty name its parameters are named as this module's own. */
  protected child<M extends Module>(name: string, module: M): M {
    this.#children.set(name, module);
    return module;
  }

  /**
   * Every parameter of this module and its children by full name, in the order of registration. Joined parameters
   * are views of the tensor that holds them: writing into them under `noGrad` changes the model; their gradients are
   * in {@link namedGradients}.
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

  /** The tensors that an optimizer trains, by the full name of their first part. */
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

  /** Where the parameters are, and so where the module computes. */
  get device(): Device {
    const [first] = this.leaves().values();
    return (first?.tensor.device ?? 'cpu') as Device;
  }

  /** Moves the parameters; handles stay valid. */
  moveTo(device: Device): this {
    noGrad(() => {
      for (const { tensor } of this.leaves().values()) {
        if (tensor.device !== device) scope(() => tensor.adopt(ops.toDeviceOf(tensor, device)));
      }
    });
    this.forgetViews();
    return this;
  }

  /** The number of trained values. */
  get numParameters(): number {
    let count = 0;
    for (const { tensor } of this.leaves().values()) count += tensor.numel;
    return count;
  }

  /** To be called when the leaves' memory was exchanged: views of the old are dropped. */
  forgetViews(): void {
    for (const views of this.#views.values()) for (const [, view] of views) view.dispose();
    this.#views.clear();
    for (const module of this.#children.values()) module.forgetViews();
  }

  /** Ends every parameter. The module cannot be used afterwards. */
  dispose(): void {
    this.forgetViews();
    for (const { tensor } of this.leaves().values()) {
      if (tensor.isDisposed) continue;
      setParameterBuffers(tensor, null, null);
      tensor.dispose();
    }
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  *#childPaths(prefix: string): Generator<[string, Module]> {
    for (const [name, module] of this.#children) yield [name === '' ? prefix : `${prefix}${name}.`, module];
  }

  *#partTensors(): Generator<readonly [string, Tensor]> {
    for (const leaf of this.#leaves) {
      const [only, ...others] = leaf.parts;
      if (only !== undefined && others.length === 0) yield [only.name, leaf.tensor];
      else yield* this.#viewsOf(leaf);
    }
  }

  #viewsOf(leaf: Leaf): readonly (readonly [string, Tensor])[] {
    let views = this.#views.get(leaf);
    if (views === undefined) {
      views = noGrad(() =>
        splitRows(leaf.parts, leaf.tensor).map(({ name, rows }) => [name, keep(rows)] as const),
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
