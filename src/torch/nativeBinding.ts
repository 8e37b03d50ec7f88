/** @file What native/addon.cc gives to JavaScript: every symbol, and what they take and return. */

import type { DType, TypedArray } from './dtype.js';

export interface Gpu {
  /** The driver's number, in the order of the slots; the one that `nvidia-smi` shows. */
  readonly index: number;
  readonly name: string;
  /** As in `GPU-8f6f2d1c-...`. */
  readonly uuid: string;
  /** null for a GPU that has no memory of its own. */
  readonly totalBytes: number | null;
  readonly freeBytes: number | null;
  /** As in `9.0`; null when the driver does not tell. */
  readonly computeCapability: string | null;
}

/** NVIDIA's driver, and every GPU that it lets this process see. */
export interface NvidiaDriver {
  readonly driverVersion: string;
  /** The newest version of CUDA that it runs, as in `12.4`; null when it does not tell. */
  readonly cudaDriverVersion: string | null;
  readonly gpus: readonly Gpu[];
}

/** The BLAS library that libtorch's matrix products go to. */
export interface BlasInfo {
  /** Path of the shared library; empty when it is linked into libtorch. */
  readonly library: string;
  readonly kind: 'openblas-openmp' | 'openblas-pthread' | 'openblas-serial' | 'mkl' | 'reference' | 'unknown';
  /** OpenBLAS' name of the kernels it chose for this CPU, such as `SkylakeX`; else empty. */
  readonly coreName: string;
  readonly numThreads: number | null;
  readonly config: string;
}

export interface RuntimeInfo {
  readonly torchVersion: string;
  /** What libtorch prints about its own build. */
  readonly torchConfig: string;
  readonly parallelInfo: string;
  readonly numThreads: number;
  /** The instruction set of libtorch's own kernels: `DEFAULT`, `AVX2`, `AVX512`. */
  readonly cpuCapability: string;
  /** The instruction set of this project's own kernels: `baseline`, `avx2`, `avx512`, `avx512bf16`. */
  readonly fusedKernels: string;
  /** Of those for weights in 8 bits: `avx512vnni`, `avxvnni`, `avx2`, `baseline`. */
  readonly int8Kernels: string;
  /** The CUDA that libtorch was built with, as in `13.2`, whether or not it can start here; null without CUDA. */
  readonly cudaBuild: string | null;
  /** The cuDNN that libtorch was built with, as in `9.26.0`. */
  readonly cudnnBuild: string | null;
  /** Whether there are a driver and a GPU that it runs on. */
  readonly cudaAvailable: boolean;
  readonly cudaDevices: number;
  readonly oneDnn: boolean;
  readonly blas: BlasInfo | null;
  /** True when malloc keeps freed memory for the next step; see native/runtime.cc. */
  readonly mallocKeepsMemory: boolean;
}

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
  releaseLoadingPages(): number;
  getNumThreads(): number;
  setNumThreads(numThreads: number): void;
  /** Whether what only answers computes with fewer threads while they are kept from processors; quota: 0 without one. */
  adaptThreads(adapts: boolean, quota: number): void;
  distributedSupport(): { readonly gloo: boolean; readonly nccl: boolean };
  localAddress(host: string): string;
  /** The three classes are missing where libtorch has no process groups. */
  readonly KeyStore?: new (
    host: string,
    port: number,
    isServer: boolean,
    timeoutMilliseconds: number,
    prefix: string,
    file: string | undefined,
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
