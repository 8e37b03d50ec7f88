import { spawn } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { numComputeThreads } from '../../src/common/usableProcessors.js';
import {
  loadBetween,
  loadWarning,
  numFreeThreads,
  type ProcessorTimes,
  readProcessorTimes,
  ThreadAdapter,
} from '../../src/torch/machineLoad.js';
import { defaultNumThreads, shareProcessors } from '../../src/torch/runtime.js';

afterEach(() => void vi.unstubAllEnvs());

describe('threads by default', () => {
  it('are those that were asked for, else a share of what this process may use', () => {
    vi.stubEnv('OMP_NUM_THREADS', '');
    expect(defaultNumThreads()).toBe(numComputeThreads());
    try {
      shareProcessors(2 * numComputeThreads());
      expect(defaultNumThreads()).toBe(1);
      vi.stubEnv('OMP_NUM_THREADS', '3');
      expect(defaultNumThreads()).toBe(3);
    } finally {
      shareProcessors(1);
    }
  });
});

const times = (at: number, all: number, own: number): ProcessorTimes => ({ at, all, own });

describe('load', () => {
  it('is what all spent but this process, by the second', () => {
    expect(loadBetween(times(10, 100, 5), times(12, 103.5, 6.5), 2)).toEqual({
      numProcessors: 2,
      numBusy: 1,
    });
  });

  it('is not told from moments, and stays within what there is', () => {
    expect(loadBetween(times(10, 100, 5), times(10.1, 101, 5), 2)).toBeUndefined();
    expect(loadBetween(times(0, 0, 0), times(1, 9, 0), 2)?.numBusy).toBe(2);
    expect(loadBetween(times(0, 0, 0), times(1, 0, 0.5), 2)?.numBusy).toBe(0);
  });

  it('of a program that spins is one processor or nearly', async () => {
    const child = spawn(process.execPath, ['-e', 'for (;;);']);
    try {
      await setTimeout(200);
      const before = readProcessorTimes();
      await setTimeout(600);
      expect(loadBetween(before, readProcessorTimes())?.numBusy).toBeGreaterThan(0.3);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it.each([
    [0, 8, 8],
    [0.4, 8, 8],
    [1, 2, 1],
    [1.3, 8, 7],
    [2, 2, 1],
    [8, 8, 1],
  ])('of %s of %s processors leaves %s threads', (numBusy, numProcessors, threads) => {
    expect(numFreeThreads({ numBusy, numProcessors }, numProcessors)).toBe(threads);
  });

  it('is named where it is notable, with the number of threads that is faster', () => {
    expect(loadWarning({ numProcessors: 64, numBusy: 0.3 })).toBeUndefined();
    expect(loadWarning({ numProcessors: 2, numBusy: 2 })).toMatch(
      /^Other programs keep 2 of the 2 processors busy/,
    );
    vi.stubEnv('WORLD_SIZE', '2');
    expect(loadWarning({ numProcessors: 2, numBusy: 2 })).toBeUndefined();
  });
});

describe('ThreadAdapter', () => {
  /** Four processors, and the times that are read one after the other. */
  function adapterOf(...readings: ProcessorTimes[]) {
    vi.stubEnv('OMP_NUM_THREADS', '');
    const threads = { count: 4 };
    const adapter = new ThreadAdapter({
      now: () => readings[0]?.at ?? 0,
      read: () => readings.shift()!,
      getNumThreads: () => threads.count,
      setNumThreads: (numThreads) => {
        threads.count = numThreads;
      },
      numWanted: 4,
      numProcessors: 4,
    });
    return { adapter, threads };
  }

  it('leaves processors that others use to them, and takes them again', () => {
    const { adapter, threads } = adapterOf(times(0, 0, 0), times(1, 2, 0), times(2, 2, 0));
    adapter.adapt();
    expect(threads.count).toBe(2);
    adapter.adapt();
    expect(threads.count).toBe(4);
  });

  it('leaves a number alone that somebody chose', () => {
    const { adapter, threads } = adapterOf(times(0, 0, 0), times(1, 4, 0));
    threads.count = 3;
    adapter.adapt();
    expect(threads.count).toBe(3);
    vi.stubEnv('OMP_NUM_THREADS', '4');
    threads.count = 4;
    adapter.adapt();
    expect(threads.count).toBe(4);
  });

  it('looks three times a second at most', () => {
    const { adapter, threads } = adapterOf(times(0, 0, 0), times(0.1, 4, 0));
    adapter.adapt();
    expect(threads.count).toBe(4);
  });
});
