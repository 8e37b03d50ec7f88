/** @file Examines the engine on this machine: what is in force, how fast it is, what would be faster. */

import { existsSync, statSync } from 'node:fs';
import { loadavg } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { messageOf } from '../common/errors.js';
import { readProcessor } from '../common/processor.js';
import { type ProcessorQuota, processorQuota } from '../common/processorQuota.js';
import type { Facts, Finding, GemmRates } from './facts.js';
import { describeQuota, findingsOf, readEngineVariables } from './findings.js';
import { measureGemmRate } from './gemmRate.js';
import { describeGpu, readNvidiaDriver, visibleGpus } from './gpus.js';
import { describeInt8Kernels } from './int8.js';
import { describeBusy, loadBetween, readProcessorTimes } from './machineLoad.js';
import { addonPath, type BuildRecord, buildRecord, native } from './native.js';
import type { RuntimeInfo } from './nativeBinding.js';
import { defaultNumThreads, runtimeInfo, setNumThreads } from './runtime.js';

/** Seconds per data type: enough for a stable best time, short enough to wait for. */
const measureSeconds = 0.6;

export type { Finding };

/** How long others' work is watched where nothing is measured meanwhile. */
const LISTENING_MS = 500;

export interface ExamineOptions {
  /** Compute threads to measure with; what a run would take when undefined. */
  readonly numThreads: number | undefined;
  /** Whether matrix products are measured. */
  readonly measure: boolean;
  readonly signal: AbortSignal;
}

export interface Examination extends Facts {
  /** False when anything found is `broken`. */
  readonly isUsable: boolean;
  readonly findings: readonly Finding[];
}

/** Gathers the facts and applies the rules to them. Sets this process's compute threads. */
export async function examine(options: ExamineOptions): Promise<Examination> {
  const { installation, failure } = load();
  const isLoaded = failure === null;
  const timesBefore = readProcessorTimes();
  if (isLoaded) setNumThreads(options.numThreads ?? defaultNumThreads());
  const gemmRates = isLoaded && options.measure ? measure(options.signal) : null;
  if (gemmRates === null) await setTimeout(LISTENING_MS);
  const machineLoad = loadBetween(timesBefore, readProcessorTimes()) ?? null;
  const nvidia = isLoaded ? readNvidiaDriver() : null;
  const gpus = nvidia?.gpus ?? [];
  const cudaVisibleDevices = process.env.CUDA_VISIBLE_DEVICES;
  const facts: Facts = {
    installation,
    isLibraryUnchanged: installation !== null && isUnchanged(installation),
    loadFailure: failure,
    runtime: isLoaded ? runtimeInfo() : null,
    gemmRates,
    processor: readProcessor(),
    hasNvidiaGpu: gpus.length > 0 || existsSync('/dev/nvidia0'),
    nvidia,
    visibleGpus: visibleGpus(gpus, cudaVisibleDevices),
    cudaVisibleDevices: cudaVisibleDevices ?? null,
    load: machineLoad,
    loadAverage: loadavg()[0] ?? 0,
    processorQuota: processorQuota() ?? null,
    environment: readEngineVariables(),
  };
  const findings = findingsOf(facts);
  return { isUsable: findings.every(({ severity }) => severity !== 'broken'), ...facts, findings };
}

function load(): { installation: BuildRecord | null; failure: string | null } {
  let installation: BuildRecord | null = null;
  try {
    installation = buildRecord() ?? null;
    native();
    return { installation, failure: null };
  } catch (error) {
    return { installation, failure: messageOf(error) };
  }
}

function isUnchanged({ libdir, library }: BuildRecord): boolean {
  const file = path.join(libdir, process.platform === 'darwin' ? 'libtorch_cpu.dylib' : 'libtorch_cpu.so');
  const found = statSync(file, { throwIfNoEntry: false });
  return found !== undefined && found.size === library.size && found.mtime.toISOString() === library.modified;
}

function measure(signal: AbortSignal): GemmRates {
  signal.throwIfAborted();
  const float32 = measureGemmRate('float32', measureSeconds);
  signal.throwIfAborted();
  return { float32, bfloat16: measureGemmRate('bfloat16', measureSeconds) };
}

/** Whether there is a bridge, which may not load. */
export function isBridgeBuilt(): boolean {
  return existsSync(addonPath());
}

/**
 * The examination as text: facts in a column, then what was found.
 *
 * @param others rows about other engines
 */
export function renderExamination(examination: Examination, others: readonly Row[] = []): string {
  const rows = [...engineRows(examination), ...others, ...gpuRows(examination), ...machineRows(examination)];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  for (const { severity, problem, fix } of examination.findings) {
    lines.push('', `${severity}: ${problem}`, `  fix: ${fix}`);
  }
  if (examination.findings.length === 0) lines.push('', 'Nothing is wrong.');
  return lines.join('\n');
}

type Row = readonly [name: string, value: string];

function engineRows({ installation, runtime, gemmRates }: Examination): Row[] {
  const found = { env: 'named by LIBTORCH', python: "Python's torch", system: "the system's package" };
  const rows: Row[] = [];
  if (installation !== null) {
    const { version, libdir, kind } = installation;
    rows.push(['libtorch', `${version} in ${libdir} (${found[kind]})`]);
  } else {
    rows.push(['libtorch', runtime === null ? 'none' : runtime.torchVersion]);
  }
  if (runtime === null) return rows;
  const { blas } = runtime;
  const kernels = blas?.coreName ? `, ${blas.coreName} kernels` : '';
  rows.push(
    [
      'BLAS',
      blas === null ? 'inside libtorch' : `${blas.kind}${kernels}${blas.library && ` (${blas.library})`}`,
    ],
    ['threads', `${runtime.numThreads}`],
    ["libtorch's kernels", `${runtime.cpuCapability}${runtime.oneDnn ? ', oneDNN' : ''}`],
    ['fused kernels', runtime.fusedKernels],
    ['8-bit kernels', describeInt8Kernels(runtime.int8Kernels)],
    [
      'memory',
      runtime.mallocKeepsMemory ? 'freed memory is kept for reuse' : 'freed memory goes back at once',
    ],
    ['CUDA', cudaOf(runtime)],
  );
  if (gemmRates !== null) {
    const rate = (value: number): string => `${(value / 1e9).toFixed(1)} GFLOP/s`;
    rows.push([
      'matrix products',
      `float32 ${rate(gemmRates.float32)}, bfloat16 ${rate(gemmRates.bfloat16)}`,
    ]);
  }
  return rows;
}

/** The CUDA that libtorch was built with, and whether it starts. */
function cudaOf({ cudaBuild, cudnnBuild, cudaAvailable, cudaDevices }: RuntimeInfo): string {
  if (cudaBuild === null) return 'not in this libtorch';
  const build = `${cudaBuild}${cudnnBuild === null ? '' : `, cuDNN ${cudnnBuild}`}`;
  if (!cudaAvailable) return `${build}; it finds no GPU`;
  return `${build}; ${cudaDevices === 1 ? 'one GPU' : `${cudaDevices} GPUs`}`;
}

function gpuRows({ nvidia, visibleGpus, cudaVisibleDevices }: Examination): Row[] {
  const rows: Row[] = [];
  if (nvidia !== null) {
    const { driverVersion, cudaDriverVersion } = nvidia;
    const cuda = cudaDriverVersion === null ? '' : `, for CUDA up to ${cudaDriverVersion}`;
    rows.push(['NVIDIA driver', `${driverVersion}${cuda}`]);
  }
  if (cudaVisibleDevices !== null) rows.push(['CUDA_VISIBLE_DEVICES', cudaVisibleDevices || 'empty: no GPU']);
  for (const { device, gpu } of visibleGpus) {
    rows.push([device, gpu === null ? 'the part of a GPU (MIG) that is named above' : describeGpu(gpu)]);
  }
  return rows;
}

function machineRows({ processor, environment, load, loadAverage, processorQuota }: Examination): Row[] {
  const cores = processor.numCores === null ? '' : `, ${processor.numCores} cores`;
  const settings = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  return [
    ['processor', `${processor.model}${cores}, ${processor.numLogical} logical processors`],
    ['vector features', processor.vectorFeatures.join(' ') || 'none that matter here'],
    ...(load === null ? [] : [loadRow(load, loadAverage)]),
    ...(processorQuota === null ? [] : [quotaRow(processorQuota)]),
    ['environment', settings.join(' ') || 'no settings'],
  ];
}

function loadRow(load: NonNullable<Examination['load']>, average: number): Row {
  return [
    'load',
    `others keep ${describeBusy(load)} busy; ${average.toFixed(1)} threads want to run (last minute)`,
  ];
}

function quotaRow(quota: ProcessorQuota): Row {
  return ['quota', `${describeQuota(quota)} (${quota.file})`];
}
