/** @file A tensor that is trained, and what it becomes in a model that only answers on the processor: a packed weight. */

import { type Device, keep, noGrad, scope, setParameterBuffers, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';

export interface LeafPart {
  readonly name: string;
  readonly numRows: number;
}

export interface LeafOptions {
  readonly isDense?: boolean;
  readonly isHead?: boolean;
  readonly isTable?: boolean;
}

/** A dense layer's weight (out, in): a plain tensor, or packed for this processor's kernels. */
export interface DenseWeight {
  /** Empty when it is packed. */
  readonly tensor: Tensor;
  /** As `packWeight` makes it. */
  readonly packed: readonly Tensor[] | undefined;
}

/** A tensor that is trained. */
export class Leaf implements DenseWeight {
  #packed: readonly Tensor[] | undefined;

  constructor(
    readonly tensor: Tensor,
    /** Names and heights of the parameters that lie in it one below the other; one unless they are joined. */
    readonly parts: readonly LeafPart[],
    /** A dense layer's weight: computed with in the model's precision, where everything else stays float32. */
    readonly isDense: boolean,
    /**
     * A dense layer's between the first word and the answers, a hundredth of the operations: where others are rounded to 8 bits
     * it is not, since its errors are those of the answers.
     */
    readonly isHead = false,
    /** A large table of vectors, which is rounded to 8 bits where dense layers are. */
    readonly isTable = false,
  ) {
    this.numValues = tensor.numel;
  }

  /** The number of trained values. */
  readonly numValues: number;

  /** What took the plain weight's place; undefined where it is still there. */
  get packed(): readonly Tensor[] | undefined {
    return this.#packed;
  }

  /** Exchanges the plain weight for a packed one. It cannot be trained afterwards. */
  pack(pack: (weight: Tensor) => readonly Tensor[]): void {
    if (this.#packed !== undefined) return;
    noGrad(() => {
      scope(() => {
        this.#packed = pack(this.tensor);
        for (const tensor of this.#packed) keep(tensor);
        ops.setData(this.tensor, ops.empty([0]));
      });
    });
  }

  /** The plain weight in its place again. */
  unpack(): void {
    if (this.#packed === undefined) return;
    noGrad(() => {
      scope(() => ops.setData(this.tensor, plainWeight(this)));
    });
    this.#disposePacked();
  }

  moveTo(device: Device): void {
    if (this.tensor.device === device) return;
    this.unpack();
    noGrad(() => {
      scope(() => this.tensor.adopt(ops.toDeviceOf(this.tensor, device)));
    });
  }

  dispose(): void {
    this.#disposePacked();
    if (this.tensor.isDisposed) return;
    setParameterBuffers(this.tensor, null, null);
    this.tensor.dispose();
  }

  #disposePacked(): void {
    for (const tensor of this.#packed ?? []) tensor.dispose();
    this.#packed = undefined;
  }
}

/** The weight (out, in) itself, or, of a packed one, a plain copy. Call it inside a scope. */
export function plainWeight({ tensor, packed }: DenseWeight): Tensor {
  return packed === undefined ? tensor : noGrad(() => ops.unpackWeight(packed));
}
