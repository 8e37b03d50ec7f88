/** @file Recording what a device is told to compute, to tell it again as one. */

import { requireGraphs } from './device.js';
import type { Device } from './dtype.js';
import { native } from './native.js';
import type { NativeDeviceGraph } from './nativeBinding.js';
import { copy_ } from './operators/elementwise.js';
import type { Tensor } from './tensor.js';

export interface DeviceGraph {
  /**
   * Records what `body` tells the device. Tensors of before keep their places; those made meanwhile belong to the graph.
   *
   * @returns its result, whose values are there after the next {@link replay}
   */
  record(body: () => Tensor): Tensor;
  replay(): void;
  reset(): void;
}

/**
 * A graph of a device's kernels, replayed in whichever stream is current then.
 *
 * @throws LxmertError where this build has none
 */
export function deviceGraph(device: Device): DeviceGraph {
  return device.startsWith('cuda') ? new CudaGraph(device) : new RepeatedCalls();
}

/** One for each device: libraries keep workspaces for each stream that they were used in. */
const recordingStreams = new Map<Device, bigint>();

function recordingStreamOf(device: Device): bigint {
  const stream = recordingStreams.get(device) ?? native().newStream(device);
  recordingStreams.set(device, stream);
  return stream;
}

class CudaGraph implements DeviceGraph {
  readonly #graph: NativeDeviceGraph;

  constructor(private readonly device: Device) {
    requireGraphs();
    this.#graph = new (native().DeviceGraph!)();
  }

  /** In a stream of its own, since the default one cannot record, after everything that was begun before. */
  record(body: () => Tensor): Tensor {
    const binding = native();
    const before = binding.currentStream(this.device);
    const recording = recordingStreamOf(this.device);
    const reached = new binding.DeviceEvent(this.device);
    reached.record(before);
    reached.block(recording);
    binding.exchangeStream(this.device, recording);
    try {
      return this.#recordHere(body);
    } finally {
      binding.exchangeStream(this.device, before);
    }
  }

  #recordHere(body: () => Tensor): Tensor {
    this.#graph.begin();
    let result: Tensor;
    try {
      result = body();
    } catch (error) {
      // The capture has to end before anything else may use the stream; the first error is the one to tell.
      for (const tidy of [() => this.#graph.end(), () => this.#graph.reset()]) {
        try {
          tidy();
        } catch {}
      }
      throw error;
    }
    this.#graph.end();
    return result;
  }

  replay(): void {
    this.#graph.replay();
  }

  reset(): void {
    this.#graph.reset();
  }
}

/** For devices without graphs: the calls are made again, into the same places. */
class RepeatedCalls implements DeviceGraph {
  #again: (() => void) | undefined;

  record(body: () => Tensor): Tensor {
    const result = body();
    this.#again = () => {
      const next = body();
      copy_(result, next);
      next.dispose();
    };
    return result;
  }

  replay(): void {
    this.#again?.();
  }

  reset(): void {
    this.#again = undefined;
  }
}
