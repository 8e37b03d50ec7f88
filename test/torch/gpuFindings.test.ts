/** @file What doctor says about GPUs: each rule fires on its fact, and the right one where several could. */

import { describe, expect, it } from 'vitest';
import type { Facts } from '../../src/torch/facts.js';
import { gpuFindings } from '../../src/torch/gpuFindings.js';
import { visibleGpus } from '../../src/torch/gpus.js';
import type { Gpu, NvidiaDriver, RuntimeInfo } from '../../src/torch/nativeBinding.js';

interface Machine {
  readonly cudaBuild?: string | null;
  readonly cudaAvailable?: boolean;
  /** Names of the GPUs; undefined without a driver. */
  readonly gpus?: readonly string[];
  readonly cudaDriverVersion?: string | null;
  readonly setting?: string;
  readonly hasDeviceFile?: boolean;
  readonly environment?: Record<string, string>;
}

const H100 = 'NVIDIA H100 80GB HBM3';

function factsOf(machine: Machine): Facts {
  const { cudaBuild = '13.2', cudaAvailable = false, cudaDriverVersion = '13.0', setting } = machine;
  const gpus = machine.gpus?.map(
    (name, index): Gpu => ({
      index,
      name,
      uuid: `GPU-${index}`,
      totalBytes: null,
      freeBytes: null,
      computeCapability: null,
    }),
  );
  const nvidia: NvidiaDriver | null =
    gpus === undefined ? null : { driverVersion: '580.65', cudaDriverVersion, gpus };
  const runtime: RuntimeInfo = {
    torchVersion: '2.15.0',
    torchConfig: '',
    parallelInfo: '',
    numThreads: 1,
    fusedKernels: 'avx2',
    int8Kernels: 'avx2',
    cpuCapability: 'AVX2',
    cudaBuild,
    cudnnBuild: null,
    cudaAvailable,
    cudaDevices: 0,
    oneDnn: true,
    blas: null,
    mallocKeepsMemory: true,
  };
  return {
    installation: null,
    isLibraryUnchanged: true,
    loadFailure: null,
    runtime,
    gemmRates: null,
    processor: { model: '', numLogical: 1, numCores: 1, vectorFeatures: [] },
    hasNvidiaGpu: machine.hasDeviceFile ?? (gpus ?? []).length > 0,
    nvidia,
    visibleGpus: visibleGpus(gpus ?? [], setting),
    cudaVisibleDevices: setting ?? null,
    environment: machine.environment ?? {},
    load: null,
    loadAverage: 0,
    processorQuota: null,
  };
}

describe('gpuFindings', () => {
  it('has nothing to say about GPUs in use, and about machines and builds without', () => {
    expect(gpuFindings(factsOf({ gpus: [H100], cudaAvailable: true }))).toEqual([]);
    expect(gpuFindings(factsOf({ gpus: [H100, H100], cudaAvailable: true, setting: '1' }))).toEqual([]);
    expect(gpuFindings(factsOf({ cudaBuild: null }))).toEqual([]);
    const environment = { CUDA_DEVICE_ORDER: 'PCI_BUS_ID' };
    expect(gpuFindings(factsOf({ gpus: [H100, 'NVIDIA T4'], cudaAvailable: true, environment }))).toEqual([]);
    expect(gpuFindings({ ...factsOf({ gpus: [H100] }), runtime: null })).toEqual([]);
  });

  it.each<[string, Machine, 'slow' | 'note', string, RegExp]>([
    [
      'one GPU and a build without CUDA',
      { gpus: [H100], cudaBuild: null },
      'slow',
      `This libtorch (2.15.0) computes on the processor only, so the ${H100} here is not used.`,
      /Python's torch.*LIBTORCH=/,
    ],
    [
      'GPUs and a build without CUDA',
      { gpus: [H100, H100, 'NVIDIA T4'], cudaBuild: null },
      'slow',
      `This libtorch (2.15.0) computes on the processor only, so the 3 GPUs here (${H100}, NVIDIA T4) are not used.`,
      /Python's torch.*LIBTORCH=/,
    ],
    [
      'CUDA without a driver',
      {},
      'note',
      "This libtorch has CUDA 13.2, but NVIDIA's driver is not here, so it computes on the processor.",
      /^Nothing on a machine without a GPU; .* CUDA 13 or newer/,
    ],
    [
      'CUDA and a driver without GPUs',
      { gpus: [] },
      'note',
      "This libtorch has CUDA 13.2, but NVIDIA's driver sees no GPU, so it computes on the processor.",
      /--gpus all/,
    ],
    [
      'an old driver',
      { gpus: [H100], cudaDriverVersion: '12.4' },
      'slow',
      "NVIDIA's driver 580.65 runs CUDA 12.4, which is too old for this libtorch's CUDA 13.2.",
      /driver for CUDA 13 or newer, or a libtorch built with CUDA 12 /,
    ],
    [
      'hidden GPUs',
      { gpus: [H100, H100], setting: '7' },
      'slow',
      "CUDA_VISIBLE_DEVICES='7' hides all 2 GPUs of this machine.",
      /^unset CUDA_VISIBLE_DEVICES, .*\(0, 1\)/,
    ],
    [
      'a hidden GPU',
      { gpus: [H100], setting: '' },
      'slow',
      "CUDA_VISIBLE_DEVICES='' hides the only GPU of this machine.",
      /^unset CUDA_VISIBLE_DEVICES/,
    ],
    [
      'a GPU without a driver that answers',
      { hasDeviceFile: true },
      'slow',
      "There is an NVIDIA GPU here, but its driver's management library (libnvidia-ml.so.1) is missing or does not answer.",
      /nvidia-smi/,
    ],
    [
      'CUDA that does not start',
      { gpus: [H100] },
      'slow',
      `CUDA does not start here, although NVIDIA's driver 580.65 lists ${H100}.`,
      /nvidia-smi/,
    ],
    [
      'GPUs of several kinds',
      { gpus: [H100, 'NVIDIA T4'], cudaAvailable: true },
      'note',
      "The GPUs here are of several kinds, and CUDA numbers the fastest first: 'cuda:0' may be another GPU than the one listed above.",
      /CUDA_DEVICE_ORDER=PCI_BUS_ID/,
    ],
  ])('%s', (_name, machine, severity, problem, fix) => {
    const findings = gpuFindings(factsOf(machine));
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ severity, problem });
    expect(findings[0]!.fix).toMatch(fix);
  });

  it('takes a driver that does not tell its CUDA for new enough', () => {
    const facts = factsOf({ gpus: [H100], cudaDriverVersion: null, cudaAvailable: true });
    expect(gpuFindings(facts)).toEqual([]);
  });

  it('says of an old driver and hidden GPUs both', () => {
    const facts = factsOf({ gpus: [H100], cudaDriverVersion: '11.8', setting: '-1' });
    expect(gpuFindings(facts).map(({ problem }) => problem)).toEqual([
      expect.stringContaining('too old'),
      expect.stringContaining('hides'),
    ]);
  });
});
