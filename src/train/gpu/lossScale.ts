/**
 * @file Dynamic scaling of the loss for float16, whose smallest numbers gradients fall below: the loss is multiplied by a
 * scale, the gradients divided by it, and the scale follows what the format can hold (Micikevicius et al., 2018).
 */

import { type Device, keep, scope, type Tensor, tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';

/** PyTorch's GradScaler's numbers. */
const INITIAL_SCALE = 65536;
const GROWTH = 2;
const BACKOFF = 0.5;
/** Steps without overflow after which the scale grows. */
const GROWTH_INTERVAL = 2000;

/** What a snapshot keeps of a scale. */
export interface LossScaleState {
  readonly scale: number;
  /** Steps since the scale last changed. */
  readonly numSteps: number;
}

/** The scale, where the model computes: it changes there without a word from this side. */
export class LossScale implements Disposable {
  /** (1) float32 */
  readonly #scale: Tensor;
  /** (1) int32 */
  readonly #numSteps: Tensor;

  constructor(device: Device, { scale, numSteps }: LossScaleState = { scale: INITIAL_SCALE, numSteps: 0 }) {
    this.#scale = keep(scope(() => ops.full([1], scale, { device })));
    this.#numSteps = keep(scope(() => ops.full([1], numSteps, { device, dtype: 'int32' })));
  }

  /** () float32; what the loss is multiplied by. A view: it shows what the scale is when it is read. */
  get factor(): Tensor {
    return ops.select(this.#scale, 0, 0);
  }

  /** @param isSkipped () float32: 1 when a gradient was not finite */
  update(isSkipped: Tensor): void {
    scope(() =>
      ops.ampUpdateScale_(
        this.#scale,
        this.#numSteps,
        ops.reshape(isSkipped, [1]),
        GROWTH,
        BACKOFF,
        GROWTH_INTERVAL,
      ),
    );
  }

  /** Waits for the device. */
  state(): LossScaleState {
    return { scale: this.#scale.item(), numSteps: this.#numSteps.item() };
  }

  restore({ scale, numSteps }: LossScaleState): void {
    scope(() => {
      ops.copy_(this.#scale, tensor([scale]));
      ops.copy_(this.#numSteps, tensor([numSteps], [1], 'int32'));
    });
  }

  [Symbol.dispose](): void {
    this.#scale.dispose();
    this.#numSteps.dispose();
  }
}
