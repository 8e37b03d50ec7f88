/** @file The tensor handle: what it is, its gradient, reading its values, and its end. */

import type { DType, TypedArray } from './dtype.js';
import { native, whenLoaded } from './native.js';
import type { NativeTensor } from './nativeBinding.js';
import { settleThreads } from './runtime.js';
import { registerInScope } from './scope.js';

/**
 * Stands in for the addon's class until the addon is loaded, which is at the first use of anything of it: what imports
 * tensors starts without libtorch. `super()` of {@link Tensor} calls whatever its prototype is by then.
 */
const Handle = class {} as unknown as new () => NativeTensor;

/**
 * A handle of a libtorch tensor. Operators are functions (`operators/`), not methods; a handle is disposed by
 * the {@link scope} it was made in, by `using`, or by {@link Tensor.dispose}. Its memory ends when no handle,
 * view or autograd graph needs it.
 */
export class Tensor extends Handle implements NativeTensor, Disposable {
  #shape: readonly number[] | undefined;
  declare private readonly brand: 'Tensor';

  /** Called by the bridge for its results; use operators and factories to make tensors. */
  constructor() {
    super();
    registerInScope(this);
  }

  /** The sizes of the dimensions. */
  get shape(): readonly number[] {
    this.#shape ??= this.sizes();
    return this.#shape;
  }

  /** Distances between elements of each dimension, in elements. */
  get strides(): readonly number[] {
    return this.stridesOf();
  }

  /** The type of the elements. */
  get dtype(): DType {
    return this.dtypeName() as DType;
  }

  /** `cpu`, `cuda:0` and so on. */
  get device(): string {
    return this.deviceName();
  }

  /** The number of elements. */
  get numel(): number {
    return this.numElements();
  }

  /** The value of a one-element tensor. Booleans come as 0 and 1. */
  item(): number {
    return Number(this.itemValue());
  }

  /**
   * The tensor's own memory as a typed array, without a copy: a contiguous CPU tensor only. The array keeps the
   * memory alive after the tensor is disposed, until the array itself is collected. 16-bit floats come as raw
   * bits in a Uint16Array, booleans as a Uint8Array.
   */
  data(): TypedArray {
    return this.dataView();
  }

  /** A copy of the values as float32, whatever the dtype, device and strides. */
  toFloat32Array(): Float32Array {
    using plain = toPlainFloat32(this);
    return Float32Array.from(plain.dataView() as Float32Array);
  }

  /** Computes the gradients of the leaves that this tensor was made from. A scalar needs no `gradient`. */
  backward(gradient?: Tensor, retainGraph = false): void {
    native().backward([this], gradient === undefined ? null : [gradient], retainGraph);
  }

  /** The accumulated gradient, as a handle of its own, or null. */
  get grad(): Tensor | null {
    return gradGetter.call(this) as Tensor | null;
  }

  set grad(value: Tensor | null) {
    gradSetter.call(this, value);
  }

  /** Ends this handle; using it afterwards is an error. A second call does nothing. */
  dispose(): void {
    this.release();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

// `grad` is an accessor of the native prototype; TypeScript's class body needs its two halves by name.
let gradGetter: () => unknown;
let gradSetter: (value: unknown) => void;
let contiguousId = -1;
let toId = -1;

whenLoaded((binding) => {
  Object.setPrototypeOf(Tensor, binding.TensorHandle);
  Object.setPrototypeOf(Tensor.prototype, binding.TensorHandle.prototype as object);
  const gradAccessor = Object.getOwnPropertyDescriptor(binding.TensorHandle.prototype, 'grad');
  gradGetter = gradAccessor?.get as () => unknown;
  gradSetter = gradAccessor?.set as (value: unknown) => void;
  binding.setTensorClass(Tensor);
  settleThreads(binding);
  contiguousId = binding.resolveOperator('aten::contiguous', '').id;
  toId = binding.resolveOperator('aten::to', 'device').id;
});

function toPlainFloat32(tensor: Tensor): Tensor {
  const detached = native().callOperator(toId, tensor, 'cpu', 'float32') as Tensor;
  const result = native().callOperator(contiguousId, detached) as Tensor;
  detached.dispose();
  return result;
}
