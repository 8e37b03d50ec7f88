/** @file The process around the kernels: compute threads and which libraries are in force. */

import { type ProcessorQuota, processorQuota } from '../common/processorQuota.js';
import { numComputeThreads, numUsableProcessors, statedNumThreads } from '../common/usableProcessors.js';
import { buildRecord, native } from './native.js';
import type { NativeBinding, RuntimeInfo } from './nativeBinding.js';

/** libtorch's version, how it was built, and what this machine's processor and devices offer. */
export function runtimeInfo(): RuntimeInfo {
  return native().runtimeInfo();
}

/** Loads libtorch, if it is not yet. @throws LxmertError that says how to set it up, where it does not load */
export function requireLibtorch(): void {
  native();
}

/**
 * Gives memory that malloc keeps for reuse back to the system. For moments after which much less is needed than
 * before, not for every step.
 */
export function releaseFreeMemory(): void {
  native().releaseFreeMemory();
}

/**
 * Lets go of what only the loading of libraries needed of their files, such as relocations and names of symbols: pages that are
 * used again come back from the system's cache of files. For a process that is loaded and stays; some milliseconds.
 *
 * @returns bytes of files that were let go
 */
export function releaseLoadingPages(): number {
  return native().releaseLoadingPages();
}

/** The number of compute threads of this process. */
export function getNumThreads(): number {
  return native().getNumThreads();
}

/**
 * Sets the number of compute threads of this process. Answers then compute with that many, whatever else goes on in the
 * machine.
 */
export function setNumThreads(numThreads: number): void {
  native().setNumThreads(numThreads);
  native().adaptThreads(false, 0);
}

/** Gives a process that has just loaded libtorch its threads. */
export function settleThreads(binding: NativeBinding): void {
  const stated = statedNumThreads();
  const quota = processorQuota();
  binding.setNumThreads(stated ?? shareOfThreads(quota));
  binding.adaptThreads(stated === undefined, quota?.processors ?? 0);
}

let numSharing = 1;

/** Says that this JavaScript thread is one of so many of its process that compute side by side. To be called before libtorch is used. */
export function shareProcessors(numThreads: number): void {
  numSharing = numThreads;
}

/**
 * The number of compute threads to start with: what `OMP_NUM_THREADS` says, else one for every processor this process may use, and
 * no more than a container's quota of processor time gives time for (threads beyond it are stopped in turn, and the others wait
 * for them), or this JavaScript thread's share of them. Debian's libtorch would start with one.
 */
export function defaultNumThreads(): number {
  return statedNumThreads() ?? shareOfThreads(processorQuota());
}

function shareOfThreads(quota: ProcessorQuota | undefined): number {
  return Math.max(1, Math.round(numComputeThreads(numUsableProcessors(), quota ?? null) / numSharing));
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
