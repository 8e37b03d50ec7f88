/** @file The process around the kernels: compute threads and which libraries are in force. */

import { availableParallelism } from 'node:os';
import { buildRecord, native } from './native.js';

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

export function runtimeInfo(): RuntimeInfo {
  return native().runtimeInfo();
}

/**
 * Gives memory that malloc keeps for reuse back to the system. For moments after which much less is needed than
 * before, not for every step.
 */
export function releaseFreeMemory(): void {
  native().releaseFreeMemory();
}

export function getNumThreads(): number {
  return native().getNumThreads();
}

/** Sets the number of compute threads of this process. */
export function setNumThreads(numThreads: number): void {
  native().setNumThreads(numThreads);
}

/**
 * The number of compute threads to start with: what `OMP_NUM_THREADS` says, else every core this process may
 * use. Debian's libtorch would start with one.
 */
export function defaultNumThreads(): number {
  const fromEnvironment = Number.parseInt(process.env.OMP_NUM_THREADS ?? '', 10);
  return fromEnvironment >= 1 ? fromEnvironment : availableParallelism();
}

/** One line that names what is in force, for the first line of a run. */
export function runtimeLine(): string {
  const info = runtimeInfo();
  const blas =
    info.blas === null
      ? 'no BLAS found'
      : `BLAS ${info.blas.kind}${info.blas.coreName === '' ? '' : ` (${info.blas.coreName})`}`;
  const malloc = info.mallocKeepsMemory ? 'malloc keeps memory' : 'malloc returns memory';
  const threads = `${info.numThreads} thread${info.numThreads === 1 ? '' : 's'}`;
  // The installation's own version: Debian's headers say 1.13.0 of its 1.13.1.
  const torchVersion = buildRecord()?.version ?? info.torchVersion;
  return `libtorch ${torchVersion}, ${threads}, ${blas}, kernels ${info.cpuCapability} and ${info.fusedKernels}, ${malloc}`;
}
