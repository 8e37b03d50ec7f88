/**
 * @file Work over batches as recorded graphs of kernels, one for each shape. Hundreds of small kernels are then started by
 * one call; batches of a shape are copied to where the first of them lay.
 */

import { type DeviceGraph, deviceGraph } from './deviceGraph.js';
import type { Device } from './dtype.js';
import { clone } from './operators/creation.js';
import { copy_ } from './operators/elementwise.js';
import { keep, scope } from './scope.js';
import type { Tensor } from './tensor.js';
import { disposeTensors, shapeKey, tensorsOf, withTensors } from './tensorTree.js';

/** Runs of a shape before it is recorded: libraries choose their kernels and take their memory in the first ones. */
const NUM_WARM_UPS = 2;

/** Shapes that are recorded; batches of any further one run as they are. */
const MOST_GRAPHS = 12;

/** What has to be done beside a graph, which holds kernels and nothing else. */
export interface AroundGraph<Noted> {
  /** After recording, which computed nothing: what {@link restore} needs to know of it. */
  note(): Noted;
  /** After a replay: does what the recorded work did on this side. */
  restore(noted: Noted): void;
  /** Recording failed, and the work goes on without graphs: undoes what it left on this side, and tells whoever may know. */
  givenUp?(error: unknown): void;
}

interface Recorded<Noted> {
  readonly graph: DeviceGraph;
  /** The inputs' own places, which the kernels read. */
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  readonly noted: Noted;
}

/** Graphs of kernels by the shapes of their batch: one is recorded for a shape that comes again, and then run as one. */
export class ShapeGraphs<Noted = undefined> implements Disposable {
  readonly #numRuns = new Map<string, number>();
  readonly #recorded = new Map<string, Recorded<Noted>>();
  #isGivenUp = false;

  constructor(
    private readonly device: Device,
    private readonly around: AroundGraph<Noted>,
  ) {}

  /** Shapes that are recorded. */
  get numGraphs(): number {
    return this.#recorded.size;
  }

  /**
   * What `body` gives for a batch, as a tensor of the caller's.
   *
   * @param batch plain objects of tensors and numbers
   * @param body only calls kernels, and reads no tensor that is neither in the batch nor lasting
   */
  run<Batch>(batch: Batch, body: (batch: Batch) => Tensor): Tensor {
    const key = shapeKey(batch);
    let recorded = this.#recorded.get(key);
    if (recorded === undefined) {
      const numRuns = (this.#numRuns.get(key) ?? 0) + 1;
      this.#numRuns.set(key, numRuns);
      const isRecorded = numRuns > NUM_WARM_UPS && this.#recorded.size < MOST_GRAPHS && !this.#isGivenUp;
      recorded = isRecorded ? this.#tryToRecord(batch, body) : undefined;
      if (recorded === undefined) return scope(() => body(batch));
      this.#recorded.set(key, recorded);
    }
    for (const [i, tensor] of tensorsOf(batch).entries()) copy_(recorded.inputs[i] as Tensor, tensor, true);
    recorded.graph.replay();
    this.around.restore(recorded.noted);
    // The output's place is written again by the next replay.
    return clone(recorded.output);
  }

  #tryToRecord<Batch>(batch: Batch, body: (batch: Batch) => Tensor): Recorded<Noted> | undefined {
    const inputs: Tensor[] = [];
    try {
      return this.#record(batch, body, inputs);
    } catch (error) {
      // What a device cannot record it may compute all the same; if not, that says so itself.
      this.#isGivenUp = true;
      disposeTensors(inputs);
      this.around.givenUp?.(error);
      return undefined;
    }
  }

  #record<Batch>(batch: Batch, body: (batch: Batch) => Tensor, inputs: Tensor[]): Recorded<Noted> {
    const own = withTensors(batch, (tensor) => {
      const place = keep(clone(tensor));
      inputs.push(place);
      return place;
    });
    const graph = deviceGraph(this.device);
    const output = keep(graph.record(() => scope(() => body(own))));
    return { graph, inputs, output, noted: this.around.note() };
  }

  dispose(): void {
    for (const { graph, inputs, output } of this.#recorded.values()) {
      graph.reset();
      disposeTensors(inputs);
      output.dispose();
    }
    this.#recorded.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
