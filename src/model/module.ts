/** @file What a part of the model is: named parameters and named parts. */

import { keep, type Tensor } from '../torch/index.js';

/**
 * A part of a model. Parameters and child modules are registered under the names that checkpoints use, so that
 * a parameter's full name, its path joined by points, is its name in a reference file.
 */
export abstract class Module {
  readonly #parameters = new Map<string, Tensor>();
  readonly #children = new Map<string, Module>();

  protected parameter(name: string, tensor: Tensor): Tensor {
    keep(tensor);
    tensor.requiresGrad = true;
    this.#parameters.set(name, tensor);
    return tensor;
  }

  protected child<M extends Module>(name: string, module: M): M {
    this.#children.set(name, module);
    return module;
  }

  /** Every parameter of this module and its children by full name, in the order of registration. */
  namedParameters(prefix = ''): Map<string, Tensor> {
    const named = new Map<string, Tensor>();
    for (const [name, tensor] of this.#parameters) named.set(prefix + name, tensor);
    for (const [name, module] of this.#children) {
      for (const [path, tensor] of module.namedParameters(`${prefix}${name}.`)) named.set(path, tensor);
    }
    return named;
  }

  /** The number of trained values. */
  get numParameters(): number {
    let count = 0;
    for (const tensor of this.namedParameters().values()) count += tensor.numel;
    return count;
  }

  /** Ends every parameter. The module cannot be used afterwards. */
  dispose(): void {
    for (const tensor of this.namedParameters().values()) tensor.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
