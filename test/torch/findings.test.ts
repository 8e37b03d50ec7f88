/** @file The rules of `lxmert doctor`: each fires on its fact and not without it. */

import { describe, expect, it } from 'vitest';
import { readProcessor } from '../../src/common/processor.js';
import type { Facts } from '../../src/torch/facts.js';
import { findingsOf, readEngineVariables } from '../../src/torch/findings.js';
import type { BlasInfo, RuntimeInfo } from '../../src/torch/nativeBinding.js';

const blas: BlasInfo = {
  library: '/usr/lib/libblas.so.3',
  kind: 'openblas-openmp',
  coreName: 'SkylakeX',
  numThreads: 8,
  config: '',
};

const runtime: RuntimeInfo = {
  torchVersion: '2.4.1',
  torchConfig: '',
  parallelInfo: '',
  numThreads: 8,
  fusedKernels: 'avx2',
  int8Kernels: 'avx2',
  cpuCapability: 'AVX512',
  cudaBuild: null,
  cudnnBuild: null,
  cudaAvailable: false,
  cudaDevices: 0,
  oneDnn: true,
  blas,
  mallocKeepsMemory: true,
};

/** A machine about which there is nothing to say. */
const healthy: Facts = {
  installation: {
    root: '/opt/libtorch',
    version: '2.4.1',
    libdir: '/opt/libtorch/lib',
    kind: 'env',
    cuda: false,
    library: { size: 1, modified: '' },
  },
  isLibraryUnchanged: true,
  loadFailure: null,
  runtime,
  gemmRates: { float32: 4e11, bfloat16: 8e11 },
  processor: {
    model: 'Test',
    numLogical: 16,
    numCores: 8,
    vectorFeatures: ['avx2', 'fma', 'avx512f', 'avx512_bf16'],
  },
  hasNvidiaGpu: false,
  nvidia: null,
  visibleGpus: [],
  cudaVisibleDevices: null,
  environment: {},
  load: null,
  loadAverage: 0,
  processorQuota: null,
};

function withBlas(change: Partial<BlasInfo>): Partial<Facts> {
  return { runtime: { ...runtime, blas: { ...blas, ...change } } };
}

type Case = [string, Partial<Facts>, 'broken' | 'slow' | 'note', RegExp, RegExp];

describe('findingsOf', () => {
  it('has nothing to say about a healthy machine', () => {
    expect(findingsOf(healthy)).toEqual([]);
    expect(findingsOf({ ...healthy, gemmRates: null })).toEqual([]);
    expect(findingsOf({ ...healthy, environment: { OMP_NUM_THREADS: '8', LD_PRELOAD: 'x.so' } })).toEqual([]);
  });

  it.each<Case>([
    [
      'other programs',
      { load: { numProcessors: 8, numBusy: 1.2 } },
      'slow',
      /keep 1\.2 of the 8 processors busy/,
      /OMP_NUM_THREADS=7/,
    ],
    [
      'a container that may take less',
      { processorQuota: { processors: 2.5, periodMicroseconds: 100_000, file: '/sys/fs/cgroup/a/cpu.max' } },
      'slow',
      /a\/cpu\.max leaves this process 2\.5 processors' worth of time, 250 ms in each 100 ms, but 8 threads/,
      /OMP_NUM_THREADS=3/,
    ],
    [
      'a quota that the last thread has a part of',
      { processorQuota: { processors: 7.5, periodMicroseconds: 50_000, file: '/sys/fs/cgroup/cpu.max' } },
      'note',
      /375 ms in each 50 ms\. The 8 threads that compute are stopped/,
      /quota to 8/,
    ],
    ['no bridge', { loadFailure: 'It is not built.', runtime: null }, 'broken', /not built/, /setup/],
    ['another libtorch', { isLibraryUnchanged: false }, 'slow', /another one/, /setup/],
    ['malloc', { runtime: { ...runtime, mallocKeepsMemory: false } }, 'slow', /page faults/, /LD_PRELOAD/],
    ['pthread BLAS', withBlas({ kind: 'openblas-pthread' }), 'slow', /starve/, /openblas0-openmp/],
    ['serial BLAS', withBlas({ kind: 'openblas-serial' }), 'slow', /one core/, /openblas0-openmp/],
    [
      'reference BLAS',
      withBlas({ kind: 'reference', coreName: '' }),
      'slow',
      /reference BLAS/,
      /openblas0-openmp/,
    ],
    ['old kernels', withBlas({ coreName: 'Haswell' }), 'slow', /Haswell.*AVX-512/, /SkylakeX/],
    [
      'few threads',
      { environment: { OMP_NUM_THREADS: '2' } },
      'slow',
      /OMP_NUM_THREADS=2 leaves/,
      /^unset OMP/,
    ],
    [
      'many threads',
      { environment: { OPENBLAS_NUM_THREADS: '99' } },
      'slow',
      /more threads/,
      /^unset OPENBLAS/,
    ],
    ['threads set', { runtime: { ...runtime, numThreads: 1 } }, 'slow', /1 of the 8 cores/, /default/],
    ['limited kernels', { environment: { ATEN_CPU_CAPABILITY: 'avx2' } }, 'slow', /limits/, /^unset ATEN/],
    [
      'plain kernels',
      { runtime: { ...runtime, cpuCapability: 'DEFAULT' } },
      'slow',
      /without.*AVX2/,
      /libtorch/,
    ],
    [
      'slow bfloat16',
      { gemmRates: { float32: 4e11, bfloat16: 1e11 } },
      'note',
      /0\.25 of its rate/,
      /float32/,
    ],
    [
      'an idle GPU',
      { hasNvidiaGpu: true },
      'slow',
      /^This libtorch \(2\.4\.1 in \/opt\/libtorch\) computes on the processor only, so the NVIDIA GPU here/,
      /^Install one with CUDA \(for instance Python's torch\) and run 'LIBTORCH=\u2026 \.\/setup'\.$/,
    ],
  ])('%s', (_name, change, severity, problem, fix) => {
    const findings = findingsOf({ ...healthy, ...change });
    expect(findings).toHaveLength(1);
    expect(findings[0]!.severity).toBe(severity);
    expect(findings[0]!.problem).toMatch(problem);
    expect(findings[0]!.fix).toMatch(fix);
  });

  it('judges bfloat16 by the processor when nothing was measured', () => {
    const processor = { ...healthy.processor, vectorFeatures: ['avx2', 'avx512f'] };
    expect(findingsOf({ ...healthy, processor, gemmRates: null })).toMatchObject([{ severity: 'note' }]);
    expect(findingsOf({ ...healthy, processor })).toEqual([]);
  });

  it('names the worst first', () => {
    const findings = findingsOf({
      ...healthy,
      gemmRates: { float32: 2, bfloat16: 1 },
      environment: { OMP_NUM_THREADS: '1' },
      loadFailure: 'No.',
    });
    expect(findings.map(({ severity }) => severity)).toEqual(['broken', 'slow', 'note']);
  });
});

describe('readEngineVariables', () => {
  it('keeps what is set of what matters', () => {
    const environment = { OMP_NUM_THREADS: '4', OPENBLAS_CORETYPE: '', HOME: '/root' };
    expect(readEngineVariables(environment)).toEqual({ OMP_NUM_THREADS: '4' });
  });
});

describe('readProcessor', () => {
  it('counts cores once per socket and finds the vector features', () => {
    const block = (processor: number, socket: number, core: number): string =>
      `processor\t: ${processor}\nphysical id\t: ${socket}\ncore id\t\t: ${core}\nflags\t\t: fpu avx2 avx512f amx_bf16\n`;
    const cpuinfo = [block(0, 0, 0), block(1, 0, 0), block(2, 0, 1), block(3, 1, 0)].join('\n');
    expect(readProcessor(cpuinfo)).toMatchObject({
      numCores: 3,
      vectorFeatures: ['avx2', 'avx512f', 'amx_bf16'],
    });
  });

  it('says that it does not know the cores where the system does not', () => {
    expect(readProcessor('processor : 0\nFeatures : fp asimd bf16\n')).toMatchObject({
      numCores: null,
      vectorFeatures: ['asimd', 'bf16'],
    });
  });
});
