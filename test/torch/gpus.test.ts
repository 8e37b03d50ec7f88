/** @file GPUs: CUDA's rules of visibility, and a driver that a made-up management library stands for. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { examine, renderExamination } from '../../src/torch/doctor.js';
import { describeGpu, isOrderUncertain, readNvidiaDriver, visibleGpus } from '../../src/torch/gpus.js';
import type { Gpu } from '../../src/torch/nativeBinding.js';
import { getNumThreads, setNumThreads } from '../../src/torch/runtime.js';
import { needing } from '../support/skips.js';

function gpu(index: number, uuid: string, name = 'NVIDIA H100 80GB HBM3'): Gpu {
  const [totalBytes, freeBytes] = [85520809984, 84718321664];
  return { index, name, uuid, totalBytes, freeBytes, computeCapability: '9.0' };
}

const gpus = [gpu(0, 'GPU-11aa'), gpu(1, 'GPU-11bb'), gpu(2, 'GPU-22cc'), gpu(3, 'GPU-33dd')];

describe('visibleGpus', () => {
  it.each<[string | undefined, number[]]>([
    [undefined, [0, 1, 2, 3]],
    ['', []],
    [' ', []],
    ['-1', []],
    ['NoDevFiles', []],
    ['2', [2]],
    ['3,1', [3, 1]],
    ['0, 2', [0, 2]],
    ['+1', [1]],
    ['1gpu,2', [1, 2]],
    ['0,7,1', [0]],
    ['0,-1,1', [0]],
    ['1,,2', [1]],
    ['0,1,0', []],
    ['GPU-22cc', [2]],
    ['GPU-3,GPU-2', [3, 2]],
    ['GPU-11', []],
    ['GPU-22cc,GPU-11', [2]],
    ['GPU-2,GPU-22', []],
    ['GPU-99', []],
  ])('with CUDA_VISIBLE_DEVICES=%j: %j', (setting, expected) => {
    const visible = visibleGpus(gpus, setting);
    expect(visible.map((entry) => entry.gpu?.index)).toEqual(expected);
    expect(visible.map(({ device }) => device)).toEqual(expected.map((_, number) => `cuda:${number}`));
  });

  it('counts one part of a GPU, however many are named', () => {
    const setting = 'MIG-c7384736-a75d,MIG-0f5a';
    expect(visibleGpus(gpus, setting)).toEqual([{ device: 'cuda:0', gpu: null }]);
  });

  it('has none where there are none', () => {
    expect(visibleGpus([], undefined)).toEqual([]);
    expect(visibleGpus([], '0')).toEqual([]);
  });
});

describe('isOrderUncertain', () => {
  it('is so for GPUs of several kinds in the order of speed', () => {
    const mixed = [gpu(0, 'GPU-1', 'NVIDIA T4'), gpu(1, 'GPU-2')];
    expect(isOrderUncertain(mixed, undefined)).toBe(true);
    expect(isOrderUncertain(mixed, 'FASTEST_FIRST')).toBe(true);
    expect(isOrderUncertain(mixed, 'PCI_BUS_ID')).toBe(false);
    expect(isOrderUncertain(gpus, undefined)).toBe(false);
  });
});

describe('describeGpu', () => {
  it('says what is known', () => {
    expect(describeGpu(gpus[0]!)).toBe('NVIDIA H100 80GB HBM3, 79.6 GiB (78.9 free), compute capability 9.0');
    const unknown = { totalBytes: null, freeBytes: null, computeCapability: null };
    expect(describeGpu({ ...gpus[0]!, ...unknown })).toBe('NVIDIA H100 80GB HBM3');
  });
});

const source = path.resolve('test/support/fakeManagementLibrary.c');

needing('C compiler').describe('with a made-up driver', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lxmert-gpus-'));
  const numThreads = getNumThreads();
  afterAll(() => rmSync(folder, { recursive: true }));
  afterEach(() => {
    vi.unstubAllEnvs();
    setNumThreads(numThreads);
  });

  /** Compiles the library with these definitions and makes it this process's driver. */
  function install(name: string, ...definitions: string[]): string {
    const file = path.join(folder, `lib${name}.so`);
    const flags = definitions.map((definition) => `-D${definition}`);
    const words = ['-shared', '-fPIC', '-Wall', '-Werror', ...flags, source, '-o', file];
    expect(spawnSync('cc', words, { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    vi.stubEnv('LXMERT_NVML', file);
    return file;
  }

  it('reads the GPUs that it may use', () => {
    install('gpus');
    expect(readNvidiaDriver()).toEqual({
      driverVersion: '580.65.06',
      cudaDriverVersion: '13.0',
      gpus: [
        {
          index: 0,
          name: 'NVIDIA H100 80GB HBM3',
          uuid: 'GPU-11111111-aaaa',
          totalBytes: 85520809984,
          freeBytes: 84718321664,
          computeCapability: '9.0',
        },
        {
          index: 2,
          name: 'NVIDIA GB10',
          uuid: 'GPU-22222222-bbbb',
          totalBytes: null,
          freeBytes: null,
          computeCapability: '12.1',
        },
      ],
    });
  });

  it('closes what it opened', () => {
    const journal = path.join(folder, 'journal');
    const file = install('journal', `JOURNAL="${journal}"`);
    readNvidiaDriver();
    readNvidiaDriver();
    expect(readFileSync(journal, 'utf8')).toBe('isis');
    expect(readFileSync('/proc/self/maps', 'utf8')).not.toContain(file);
  });

  it('leaves out what an old driver does not know', () => {
    install('old', 'OLD', 'CUDA_VERSION=11040');
    expect(readNvidiaDriver()).toMatchObject({
      cudaDriverVersion: '11.4',
      gpus: [{ uuid: '', totalBytes: null, computeCapability: null }, { name: 'NVIDIA GB10' }],
    });
  });

  it('tells a driver without GPUs from none', () => {
    install('none', 'NO_GPUS');
    expect(readNvidiaDriver()).toMatchObject({ driverVersion: '580.65.06', gpus: [] });
    const journal = path.join(folder, 'unopened');
    const file = install('noinit', 'NO_INIT', `JOURNAL="${journal}"`);
    expect(readNvidiaDriver()).toBeNull();
    // What did not open is not shut down.
    expect(existsSync(journal)).toBe(false);
    expect(readFileSync('/proc/self/maps', 'utf8')).not.toContain(file);
    vi.stubEnv('LXMERT_NVML', path.join(folder, 'missing.so'));
    expect(readNvidiaDriver()).toBeNull();
    // A library that is something else.
    vi.stubEnv('LXMERT_NVML', 'libm.so.6');
    expect(readNvidiaDriver()).toBeNull();
  });

  it('is what doctor shows', async () => {
    install('doctor');
    vi.stubEnv('CUDA_VISIBLE_DEVICES', '2,0');
    const options = { numThreads: undefined, measure: false, signal: new AbortController().signal };
    const examination = await examine(options);
    expect(examination).toMatchObject({
      hasNvidiaGpu: true,
      nvidia: { driverVersion: '580.65.06' },
      cudaVisibleDevices: '2,0',
      visibleGpus: [
        { device: 'cuda:0', gpu: { name: 'NVIDIA GB10' } },
        { device: 'cuda:1', gpu: { name: 'NVIDIA H100 80GB HBM3' } },
      ],
    });
    const text = renderExamination(examination);
    expect(text).toMatch(/^NVIDIA driver {2,}580\.65\.06, for CUDA up to 13\.0$/m);
    expect(text).toMatch(/^CUDA_VISIBLE_DEVICES +2,0$/m);
    expect(text).toMatch(/^cuda:0 +NVIDIA GB10, compute capability 12\.1$/m);
    expect(text).toMatch(
      /^cuda:1 +NVIDIA H100 80GB HBM3, 79\.6 GiB \(78\.9 free\), compute capability 9\.0$/m,
    );
    // The setting has a line of its own.
    expect(text).not.toContain('CUDA_VISIBLE_DEVICES=');
  });

  it('does not throw at a setting that hides every GPU', async () => {
    install('hidden');
    vi.stubEnv('CUDA_VISIBLE_DEVICES', '');
    const options = { numThreads: undefined, measure: false, signal: new AbortController().signal };
    const examination = await examine(options);
    expect(examination.visibleGpus).toEqual([]);
    expect(renderExamination(examination)).toMatch(/^CUDA_VISIBLE_DEVICES +empty: no GPU$/m);
  });
});
