/** @file How many processors a container may use, where the system limits its time and not its processors. */

import { readFileSync } from 'node:fs';

/** Processors' worth of time that this process may take, such as 1.5; undefined without a limit. */
export function cgroupLimit(
  read: (file: string) => string = (file) => readFileSync(file, 'utf8'),
): number | undefined {
  const [quota, period] = versionTwo(read) ?? versionOne(read) ?? [];
  if (quota === undefined || period === undefined || !(quota > 0) || !(period > 0)) return undefined;
  return quota / period;
}

function versionTwo(read: (file: string) => string): [number, number] | undefined {
  try {
    // "max 100000" without a limit: no number.
    const [quota, period] = read('/sys/fs/cgroup/cpu.max').trim().split(' ').map(Number);
    return [quota ?? Number.NaN, period ?? Number.NaN];
  } catch {
    return undefined;
  }
}

function versionOne(read: (file: string) => string): [number, number] | undefined {
  try {
    return [
      Number(read('/sys/fs/cgroup/cpu/cpu.cfs_quota_us')),
      Number(read('/sys/fs/cgroup/cpu/cpu.cfs_period_us')),
    ];
  } catch {
    return undefined;
  }
}
