/** @file What is known of the engine and this machine, and what rules find in it. */

import type { Processor } from '../common/processor.js';
import type { ProcessorQuota } from '../common/processorQuota.js';
import type { VisibleGpu } from './gpus.js';
import type { MachineLoad } from './machineLoad.js';
import type { BuildRecord } from './native.js';
import type { NvidiaDriver, RuntimeInfo } from './nativeBinding.js';

export interface Finding {
  /** `broken`: cannot run; `slow`: runs below the machine's ability; `note`: worth knowing. */
  readonly severity: 'broken' | 'slow' | 'note';
  readonly problem: string;
  readonly fix: string;
}

/** Measured rates of matrix products in floating-point operations per second. */
export interface GemmRates {
  readonly float32: number;
  readonly bfloat16: number;
}

/** What the rules look at. */
export interface Facts {
  /** Which libtorch the bridge was built against; null when there is no record. */
  readonly installation: BuildRecord | null;
  /** Whether that libtorch's library is still the same file. */
  readonly isLibraryUnchanged: boolean;
  /** Why the bridge does not load; null when it does. */
  readonly loadFailure: string | null;
  /** What is in force; null when the bridge does not load. */
  readonly runtime: RuntimeInfo | null;
  readonly gemmRates: GemmRates | null;
  readonly processor: Processor;
  /** Whether the driver lists a GPU or the system has a device file of one. */
  readonly hasNvidiaGpu: boolean;
  /** The driver and its GPUs; null without one, and when the bridge does not load. */
  readonly nvidia: NvidiaDriver | null;
  /** The GPUs that CUDA_VISIBLE_DEVICES leaves. */
  readonly visibleGpus: readonly VisibleGpu[];
  /** What CUDA_VISIBLE_DEVICES says, which may be nothing; null when it is not set. */
  readonly cudaVisibleDevices: string | null;
  /** What other work took while this was examined; null where that is not known. */
  readonly load: MachineLoad | null;
  /** The system's average of the last minute of how many threads would run; 0 where it keeps none. */
  readonly loadAverage: number;
  /** What control groups leave this process of the processors' time; null without a quota. */
  readonly processorQuota: ProcessorQuota | null;
  /** The settings in force in the environment. */
  readonly environment: Readonly<Record<string, string>>;
}
