/** @file Steps on the processor: forward, backward, clipping, update, one after the other. */

import { scope } from '../torch/index.js';
import { clipGradients } from './clipGradients.js';
import { notFinite } from './stepFailure.js';
import { backwardOfParts } from './stepParts.js';
import type { StepContext, StepOutcome, StepRunner } from './stepRunner.js';

export class HostSteps<Batch, Placed> implements StepRunner {
  constructor(private readonly context: StepContext<Batch, Placed>) {}

  /**
   * Until its last lines no weight has changed.
   *
   * @throws LxmertError when the loss or the gradient is not finite
   */
  run(batch: number, step: number): readonly StepOutcome[] {
    const { task, optimizer, clipNorm, meter, partners } = this.context;
    return scope(() => {
      partners?.beforeStep(step);
      const { loss, losses } = backwardOfParts(task, { batch, meter, partners });
      if (!Number.isFinite(loss)) throw notFinite(`The loss became ${loss}.`);
      const { norm: gradientNorm, scale } = clipGradients(optimizer.parameters, clipNorm);
      if (!Number.isFinite(gradientNorm)) {
        throw notFinite(`The gradient became ${gradientNorm} although the loss is ${loss}.`);
      }
      const learningRate = optimizer.learningRateAt(step);
      optimizer.step(scale);
      meter.stepDone();
      return [{ step, batch, loss, ...(losses && { losses }), gradientNorm, learningRate }];
    });
  }

  drain(): readonly StepOutcome[] {
    return [];
  }

  async answers(): Promise<boolean> {
    return true;
  }

  dispose(): void {}
}
