/** @file The device as a person names it. */

import { describe, expect, it } from 'vitest';
import { lxmert as run } from '../support/commandLine.js';
import { needing } from '../support/skips.js';

describe('--device', () => {
  it('is one of those there can be', async () => {
    const { exitCode, stderr } = await run('quickstart', '--device', 'gpu', '--output', 'nowhere');
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringContaining("--device must be 'cpu', 'cuda', 'cuda:1' or 'auto', not 'gpu'."),
    ]);
  });

  needing('no GPU').it(
    'that is not there ends the command in one sentence, before anything is made',
    async () => {
      const { exitCode, stderr } = await run('quickstart', '--device', 'cuda:1', '--output', 'nowhere');
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(
        /^lxmert: This libtorch \(.*\) (computes on the processor only|can compute on NVIDIA GPUs, but sees none), so there is no device 'cuda:1'/,
      );
      expect(stderr.trim().split('\n')).toHaveLength(1);
    },
  );

  it('does not compute in float16 on the processor', async () => {
    const words = ['quickstart', '--device', 'cpu', '--precision', 'float16', '--output', 'nowhere'];
    const { exitCode, stderr } = await run(...words);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('float16 is for GPUs')]);
  });
});
