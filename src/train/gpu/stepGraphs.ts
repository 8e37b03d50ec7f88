/** @file Forward and backward pass of a batch's shape as one recorded graph of kernels. */

import { ShapeGraphs, type Tensor } from '../../torch/index.js';
import type { FlatParameters } from '../optimizers/flatParameters.js';

/** Numbers that a pass gives, (n), and what they are called. */
export interface NamedValues {
  readonly values: Tensor;
  readonly names: readonly string[];
}

interface Noted {
  readonly names: readonly string[];
  readonly withGradient: ReadonlySet<string>;
}

export class StepGraphs {
  readonly #graphs: ShapeGraphs<Noted>;
  /** What the numbers of the pass at hand are called. */
  #names: readonly string[] = [];

  /**
   * @param parameters whose gradients the passes write into their buffers
   * @param givenUp told why, when passes cannot be recorded and go on without
   */
  constructor(parameters: FlatParameters, givenUp: (error: unknown) => void = () => undefined) {
    this.#graphs = new ShapeGraphs<Noted>(parameters.device, {
      note: () => {
        const withGradient = parameters.namesWithGradient();
        // Recording computed nothing: the gradients are the replay's.
        parameters.zeroGrad();
        return { names: this.#names, withGradient };
      },
      restore: ({ names, withGradient }) => {
        this.#names = names;
        parameters.attachGradients(withGradient);
      },
      givenUp: (error) => {
        parameters.zeroGrad();
        givenUp(error);
      },
    });
  }

  /**
   * What `body` gives for a batch, and the gradients.
   *
   * @param body a forward and a backward pass that only call kernels
   */
  run<Batch>(batch: Batch, body: (batch: Batch) => NamedValues): NamedValues {
    const values = this.#graphs.run(batch, (placed) => {
      const result = body(placed);
      this.#names = result.names;
      return result.values;
    });
    return { values, names: this.#names };
  }

  dispose(): void {
    this.#graphs.dispose();
  }
}

/**
 * Rows of a batch's words and labels come in multiples of this where graphs of kernels are recorded: a batch of 256
 * questions has about 2,500 rows, give or take 50, so few graphs serve all batches and few rows are computed for nothing.
 */
export const GRAPH_ROW_UNIT = 64;
