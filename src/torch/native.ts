/** @file The one door to the addon: loads it, says what every symbol is, and explains a failure to load. */

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { LxmertError, messageOf } from '../common/errors.js';
import { setupCommand } from '../common/installation.js';
import { bridgeFolder } from './bridgeFolder.js';
import type { DType, TypedArray } from './dtype.js';
import type { NvidiaDriver } from './gpus.js';
import type { RuntimeInfo } from './runtime.js';

/** The class that the addon defines; {@link Tensor} extends it. */
export interface NativeTensor {
  sizes(): number[];
  stridesOf(): number[];
  dtypeName(): string;
  deviceName(): string;
  numElements(): number;
  itemValue(): number | boolean;
  dataView(): TypedArray;
  sharesStorageWith(other: NativeTensor): boolean;
  adopt(other: NativeTensor): void;
  accountMemory(): void;
  release(): void;
  readonly isContiguous: boolean;
  readonly isLeaf: boolean;
  readonly isDisposed: boolean;
  requiresGrad: boolean;
}

export interface ResolvedOperator {
  readonly id: number;
  readonly schema: string;
  readonly numArguments: number;
}

/** A store of keys that all processes of a group see. */
export interface NativeKeyStore {
  set(key: string, value: string): void;
  /** Blocks until the key is there, or throws after the store's timeout. */
  get(key: string): string;
  /** Adds to a number and returns the sum; a missing key counts as 0. */
  add(key: string, amount: number): number;
  has(key: string): boolean;
  dispose(): void;
}

/** Operations that all processes of a group take part in, in the same order. Each returns a number to wait for. */
export interface NativeCollectiveGroup {
  allReduce(tensor: NativeTensor): number;
  broadcast(tensor: NativeTensor, root: number): number;
  allGather(outputs: readonly NativeTensor[], input: NativeTensor): number;
  wait(work: number, timeoutMilliseconds: number): void;
  dispose(): void;
  abandon(): void;
}

/** Times of a step in milliseconds since its beginning; one entry for each bucket in the order of launch. */
export interface ReducerTimes {
  readonly launches: readonly number[];
  readonly completions: readonly number[];
  readonly bytes: readonly number[];
  readonly backwardEnd: number;
  readonly waitsEnd: number;
}

export interface NativeGradientReducer {
  prepare(): void;
  finish(extras: readonly number[]): number[];
  times(): ReducerTimes;
  buckets(): number[][];
  dispose(): void;
  abandon(): void;
}

/** A place in a stream of a device's work. */
export interface NativeDeviceEvent {
  record(stream: bigint): void;
  block(stream: bigint): void;
  query(): boolean;
  synchronize(): void;
}

/** Kernels that were recorded and are started as one. */
export interface NativeDeviceGraph {
  begin(): void;
  end(): void;
  replay(): void;
  reset(): void;
}

export interface NativeBackgroundGather {
  wait(): void;
}

/** How bytes of a mapped file will be read: here and there, or soon. */
export type MappedAdvice = 'random' | 'willneed';

/** Everything that native/addon.cc exports. */
export interface NativeBinding {
  readonly TensorHandle: new () => NativeTensor;
  setTensorClass(tensorClass: new () => NativeTensor): void;
  liveTensors(): number;
  resolveOperator(name: string, overload: string): ResolvedOperator;
  callOperator(id: number, ...args: unknown[]): unknown;
  fromTypedArray(array: TypedArray, shape: readonly number[], dtype: DType): unknown;
  mapFile(file: string, byteOffset: number, numElements: number, dtype: DType): unknown;
  adviseMapped(tensor: unknown, advice: MappedAdvice, byteOffset: number, numBytes: number): void;
  lostFile(): string;
  backward(
    tensors: readonly NativeTensor[],
    gradients: readonly NativeTensor[] | null,
    retainGraph: boolean,
  ): void;
  gradients(
    outputs: readonly NativeTensor[],
    inputs: readonly NativeTensor[],
    outputGradients: readonly NativeTensor[] | null,
    retainGraph: boolean,
  ): unknown[];
  setGradEnabled(enabled: boolean): boolean;
  setParameterBuffers(
    parameter: NativeTensor,
    gradient: NativeTensor | null,
    copy: NativeTensor | null,
  ): void;
  manualSeed(seed: number): void;
  randomState(device: string): unknown;
  setRandomState(device: string, state: NativeTensor): void;
  runtimeInfo(): RuntimeInfo;
  numDevices(type: string): number;
  setDevice(device: string): void;
  newStream(device: string): bigint;
  currentStream(device: string): bigint;
  exchangeStream(device: string, stream: bigint): bigint;
  recordStream(tensor: NativeTensor, stream: bigint): void;
  allowTf32(allowed: boolean): void;
  readonly DeviceEvent: new (device: string) => NativeDeviceEvent;
  /** Missing where the bridge was built without the headers of CUDA. */
  readonly DeviceGraph?: new () => NativeDeviceGraph;
  readonly BackgroundGather: new (
    output: NativeTensor,
    sources: readonly NativeTensor[],
    sourceOf: Int32Array,
    rowOf: Int32Array,
    numThreads: number,
  ) => NativeBackgroundGather;
  gpus(library: string): NvidiaDriver | null;
  releaseFreeMemory(): void;
  getNumThreads(): number;
  setNumThreads(numThreads: number): void;
  distributedSupport(): { readonly gloo: boolean; readonly nccl: boolean };
  localAddress(host: string): string;
  /** The three classes are missing where libtorch has no process groups. */
  readonly KeyStore?: new (
    host: string,
    port: number,
    isServer: boolean,
    timeoutMilliseconds: number,
    prefix: string,
  ) => NativeKeyStore;
  readonly CollectiveGroup?: new (
    backend: string,
    store: NativeKeyStore,
    rank: number,
    worldSize: number,
    address: string,
    timeoutMilliseconds: number,
  ) => NativeCollectiveGroup;
  readonly GradientReducer?: new (
    group: NativeCollectiveGroup,
    rank: number,
    buffers: readonly NativeTensor[],
    leaves: readonly NativeTensor[],
    places: readonly number[],
    bucketBytes: number,
    hostGroup: NativeCollectiveGroup,
  ) => NativeGradientReducer;
}

/** What the build (scripts/setup/build-bridge.mjs) wrote beside the addon: which libtorch it was built against. */
export interface BuildRecord {
  readonly root: string;
  readonly version: string;
  readonly libdir: string;
  readonly kind: 'env' | 'python' | 'system';
  readonly cuda: boolean;
  /** Tells a libtorch_cpu that was replaced since from the one the addon was built against. */
  readonly library: { readonly size: number; readonly modified: string };
}

const ADDON = 'lxmert_native.node';

/** Where the addon is, or would be. `LXMERT_NATIVE` names another build, for instance one against libtorch 2. */
export function addonPath(): string {
  return process.env.LXMERT_NATIVE ?? path.join(bridgeFolder(), ADDON);
}

/** The record of the addon's build; undefined when it was built by hand. */
export function buildRecord(): BuildRecord | undefined {
  const file = path.join(path.dirname(addonPath()), 'libtorch.json');
  if (!existsSync(file)) return undefined;
  return JSON.parse(readFileSync(file, 'utf8')) as BuildRecord;
}

/** Says what was looked for, what was found, and the command that mends it. */
function explainLoadFailure(file: string, error: unknown): string {
  const found = messageOf(error).split('\n')[0] ?? '';
  const record = existsSync(path.join(path.dirname(file), 'libtorch.json')) ? buildRecord() : undefined;
  const builtFor =
    record === undefined ? '' : ` It was built against libtorch ${record.version} in ${record.libdir}.`;
  const setup = setupCommand();
  if (!existsSync(file)) {
    return `The bridge to libtorch is not built: expected ${file}, which does not exist. Run '${setup}'; it finds or installs libtorch and builds the bridge.`;
  }
  if (/cannot open shared object file/.test(found)) {
    const library = /^(?:Error: )?([^:]+): cannot open/.exec(found)?.[1] ?? 'a library';
    return `The bridge to libtorch cannot load: ${library} was not found.${builtFor} If libtorch was moved or removed, run '${setup}' again (set LIBTORCH to name an installation).`;
  }
  if (/undefined symbol|symbol lookup error/.test(found)) {
    return `The bridge to libtorch does not fit the library that was found: ${found}.${builtFor} Run '${setup}' to build it anew against the libtorch of this machine.`;
  }
  if (/GLIBC|GLIBCXX/.test(found)) {
    return `The bridge to libtorch was built for a newer C++ library than this machine has: ${found}. Run '${setup}' on this machine.`;
  }
  return `The bridge to libtorch in ${file} did not load: ${found}.${builtFor} Run '${setup}' to build it anew.`;
}

/**
 * How many times an OpenMP thread that waits for the others looks again before it sleeps; read when libtorch is
 * loaded. OpenMP's own choice spins so long that a training step beside any other busy process took seconds instead
 * of tenths of one; sleeping at once costs a tenth of the speed on a quiet machine (docs/benchmarks.md).
 */
const SPIN_COUNT = '20000';

function settleWaiting(): void {
  if (process.env.OMP_WAIT_POLICY === undefined) process.env.GOMP_SPINCOUNT ??= SPIN_COUNT;
}

let binding: NativeBinding | undefined;

/**
 * The addon, loaded at first use so that `--help` and everything without tensors works without libtorch.
 *
 * @throws LxmertError that says what was looked for, what was found and what mends it.
 */
export function native(): NativeBinding {
  if (binding === undefined) {
    const file = addonPath();
    settleWaiting();
    try {
      binding = createRequire(import.meta.url)(file) as NativeBinding;
    } catch (error) {
      throw new LxmertError(explainLoadFailure(file, error), { cause: error });
    }
  }
  return binding;
}
