/** @file A model in training, without data or run. */

import type { Module, Precision } from '../../model/index.js';
import type { Tensor } from '../../torch/index.js';
import { BertAdam, clipGradients, FlatParameters } from '../../train/index.js';

const CLIP_NORM = 5;

/** Owns the model. */
export class BenchTrainer<M extends Module & { precision: Precision }> implements Disposable {
  readonly #flat: FlatParameters;
  readonly #optimizer: BertAdam;

  constructor(
    readonly model: M,
    precision: Precision,
  ) {
    model.precision = precision;
    this.#flat = FlatParameters.of(model, precision);
    this.#optimizer = new BertAdam(this.#flat, { learningRate: 1e-6, totalSteps: 10_000 });
  }

  get numParameters(): number {
    return this.model.numParameters;
  }

  /**
   * Bytes that clipping and the optimizer have to move: gradients are read twice; values, means and mean squares are
   * read and written; a copy in bfloat16 is written.
   */
  get updateBytes(): number {
    let bytes = 0;
    for (const { gradients, copy } of this.#flat.groups) {
      const gradientBytes = gradients.dtype === 'bfloat16' ? 2 : 4;
      bytes += gradients.numel * (2 * gradientBytes + 3 * 8 + (copy === null ? 0 : 2));
    }
    return bytes;
  }

  update(): void {
    this.#optimizer.step(clipGradients(this.#flat, CLIP_NORM).scale);
  }

  step(loss: Tensor): void {
    loss.backward();
    this.update();
  }

  [Symbol.dispose](): void {
    this.#optimizer[Symbol.dispose]();
    this.#flat[Symbol.dispose]();
    this.model.dispose();
  }
}
