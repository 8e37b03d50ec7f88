/**
 * @file Forward and backward pass of a batch's shape as one recorded graph of kernels. A model of 200 layers' worth of
 * small kernels is started by one call instead of thousands; batches of the same shape are copied to where the first of
 * them lay.
 */

import { type DeviceGraph, deviceGraph, keep, scope, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import type { FlatParameters } from './flatParameters.js';
import { disposeTensors, shapeKey, tensorsOf, withTensors } from './tensorTree.js';

/** Passes of a shape before it is recorded: libraries choose their kernels and take their memory in the first ones. */
const NUM_WARM_UPS = 2;

/** Shapes that are recorded; batches of any further one run as they are. */
const MOST_GRAPHS = 12;

/** Numbers that a pass gives, (n), and what they are called. */
export interface NamedValues {
  readonly values: Tensor;
  readonly names: readonly string[];
}

interface Recorded {
  readonly graph: DeviceGraph;
  /** The inputs' own places, which the kernels read. */
  readonly inputs: readonly Tensor[];
  readonly output: NamedValues;
  readonly withGradient: ReadonlySet<string>;
}

export class StepGraphs {
  readonly #numRuns = new Map<string, number>();
  readonly #recorded = new Map<string, Recorded>();

  /** @param parameters whose gradients the passes write into their buffers */
  constructor(private readonly parameters: FlatParameters) {}

  /** Shapes that are recorded. */
  get numGraphs(): number {
    return this.#recorded.size;
  }

  /**
   * What `body` gives for a batch, and the gradients.
   *
   * @param body a forward and a backward pass that only call kernels
   */
  run<Batch>(batch: Batch, body: (batch: Batch) => NamedValues): NamedValues {
    const key = shapeKey(batch);
    const known = this.#recorded.get(key);
    if (known !== undefined) return this.#replay(known, batch);
    const numRuns = (this.#numRuns.get(key) ?? 0) + 1;
    this.#numRuns.set(key, numRuns);
    if (numRuns <= NUM_WARM_UPS || this.#recorded.size >= MOST_GRAPHS) return scope(() => body(batch));
    const recorded = this.#record(batch, body);
    this.#recorded.set(key, recorded);
    return this.#replay(recorded, batch);
  }

  dispose(): void {
    for (const { graph, inputs, output } of this.#recorded.values()) {
      graph.reset();
      disposeTensors(inputs);
      output.values.dispose();
    }
    this.#recorded.clear();
  }

  #record<Batch>(batch: Batch, body: (batch: Batch) => NamedValues): Recorded {
    const inputs: Tensor[] = [];
    const own = withTensors(batch, (tensor) => {
      const place = keep(ops.clone(tensor));
      inputs.push(place);
      return place;
    });
    const graph = deviceGraph(this.parameters.device);
    let names: readonly string[] = [];
    const values = graph.record(() =>
      scope(() => {
        const result = body(own);
        names = result.names;
        return result.values;
      }),
    );
    keep(values);
    const withGradient = this.parameters.namesWithGradient();
    // Recording computed nothing: the gradients are the replay's.
    this.parameters.zeroGrad();
    return { graph, inputs, output: { values, names }, withGradient };
  }

  #replay({ graph, inputs, output, withGradient }: Recorded, batch: unknown): NamedValues {
    for (const [i, tensor] of tensorsOf(batch).entries()) ops.copy_(inputs[i] as Tensor, tensor, true);
    graph.replay();
    this.parameters.attachGradients(withGradient);
    // The output's place is written again by the next replay.
    return { values: ops.clone(output.values), names: output.names };
  }
}
