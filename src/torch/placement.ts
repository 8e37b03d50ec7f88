/**
 * @file From the processor's memory to the device that computes. Copies go through pinned memory and, inside
 * {@link staged}, in a stream of their own, so that the next batch travels while the device still computes.
 */

import { setTimeout } from 'node:timers/promises';
import type { Device } from './dtype.js';
import { native } from './native.js';
import type { NativeDeviceEvent } from './nativeBinding.js';
import * as creation from './operators/creation.js';
import * as elementwise from './operators/elementwise.js';
import { keep, scope } from './scope.js';
import type { Tensor } from './tensor.js';

/** Tensors that the innermost {@link staged} has sent. */
let sent: Tensor[] | undefined;

/** Where a device's copies go, and what tells their end. */
interface CopyLane {
  readonly stream: bigint;
  readonly event: NativeDeviceEvent;
}

const copyLanes = new Map<Device, CopyLane>();

function copyLaneOf(device: Device): CopyLane {
  let lane = copyLanes.get(device);
  if (lane === undefined) {
    const binding = native();
    lane = { stream: binding.newStream(device), event: new binding.DeviceEvent(device) };
    copyLanes.set(device, lane);
  }
  return lane;
}

/** The tensor on `device`; itself when it is there. */
export function place(tensor: Tensor, device: Device): Tensor {
  if (tensor.device === device) return tensor;
  const placed = scope(() => creation.toDeviceOf(pinned(tensor, device), device, true));
  sent?.push(placed);
  return placed;
}

/**
 * A copy in memory that a GPU can read by itself. libtorch keeps such memory for reuse and knows which copies still
 * read it.
 */
function pinned(tensor: Tensor, device: Device): Tensor {
  if (!device.startsWith('cuda') || tensor.device !== 'cpu' || creation.isPinned(tensor)) return tensor;
  return elementwise.copy_(creation.emptyPinned(tensor.shape, tensor.dtype), tensor);
}

/**
 * Runs `body`, whose {@link place}ments are done in the device's copying stream; what the device computes afterwards
 * waits for them, this thread does not.
 */
export function staged<T>(device: Device, body: () => T): T {
  if (device === 'cpu') return body();
  const binding = native();
  const { stream: copying, event } = copyLaneOf(device);
  const computing = binding.currentStream(device);
  const outer = sent;
  const own: Tensor[] = [];
  sent = own;
  binding.exchangeStream(device, copying);
  let result: T;
  try {
    result = body();
  } finally {
    binding.exchangeStream(device, computing);
    sent = outer;
  }
  event.record(copying);
  event.block(computing);
  // Memory that was taken in one stream and is read in another must not be reused in the first before.
  for (const tensor of own) if (!tensor.isDisposed) binding.recordStream(tensor, computing);
  return result;
}

/** Whether a device gets done within a time what it was told so far; asks now and then, and does not wait in it. */
export async function deviceAnswers(device: Device, milliseconds: number): Promise<boolean> {
  if (device === 'cpu') return true;
  const event = new (native().DeviceEvent)(device);
  event.record(native().currentStream(device));
  const end = performance.now() + milliseconds;
  while (!event.query()) {
    if (performance.now() > end) return false;
    await setTimeout(POLL_MILLISECONDS);
  }
  return true;
}

const POLL_MILLISECONDS = 20;

/** Numbers on their way from a device to the processor. */
export class LateNumbers {
  readonly #host: Tensor;
  readonly #event: NativeDeviceEvent | undefined;

  /** Starts the copy of a tensor's values; nothing waits for it. */
  constructor(values: Tensor) {
    const device = values.device as Device;
    this.#host = keep(
      scope(() =>
        device.startsWith('cuda')
          ? elementwise.copy_(creation.emptyPinned(values.shape, values.dtype), values, true)
          : creation.toDeviceOf(values, 'cpu', true),
      ),
    );
    if (device !== 'cpu') {
      this.#event = new (native().DeviceEvent)(device);
      this.#event.record(native().currentStream(device));
    }
  }

  /** True when the device has come to where they were asked for. */
  get isReady(): boolean {
    return this.#event?.query() ?? true;
  }

  /** The values, once the device has come to where they were asked for. May be called once. */
  read(): Float32Array {
    this.#event?.synchronize();
    const values = this.#host.toFloat32Array();
    this.#host.dispose();
    return values;
  }

  /** Gives them up. */
  dispose(): void {
    this.#host.dispose();
  }
}
