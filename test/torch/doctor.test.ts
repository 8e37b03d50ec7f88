/** @file `lxmert doctor` on the machine that runs the tests: facts that must hold together. */

import { describe, expect, it } from 'vitest';
import { examine, renderExamination } from '../../src/torch/doctor.js';
import { getNumThreads, setNumThreads } from '../../src/torch/runtime.js';

const signal = new AbortController().signal;

describe('examine', () => {
  it('finds a machine that ran ./setup usable, with plausible rates', async () => {
    const before = getNumThreads();
    const examination = await examine({ numThreads: 1, measure: true, signal });
    setNumThreads(before);
    expect(examination.isUsable).toBe(true);
    expect(examination.runtime?.numThreads).toBe(1);
    expect(examination.isLibraryUnchanged).toBe(true);
    // One core of anything with vector instructions does more than 1 GFLOP/s and less than 2 TFLOP/s.
    expect(examination.gemmRates?.float32).toBeGreaterThan(1e9);
    expect(examination.gemmRates?.float32).toBeLessThan(2e12);
    expect(examination.gemmRates?.bfloat16).toBeGreaterThan(1e8);
    const text = renderExamination(examination);
    expect(text).toMatch(/^libtorch +\d+\.\d+/);
    expect(text).toMatch(/matrix products +float32 [\d.]+ GFLOP\/s, bfloat16 [\d.]+ GFLOP\/s/);
  });

  it('does not measure when told not to', async () => {
    const before = getNumThreads();
    const examination = await examine({ numThreads: undefined, measure: false, signal });
    setNumThreads(before);
    expect(examination.gemmRates).toBeNull();
    expect(renderExamination(examination)).not.toContain('matrix products');
  });

  it('stops between measurements when interrupted', async () => {
    const aborted = AbortSignal.abort();
    await expect(examine({ numThreads: undefined, measure: true, signal: aborted })).rejects.toThrow(
      'aborted',
    );
  });
});
