/** @file The largest resident memory of this process since a moment, as Linux counts it. */

import { readFileSync, writeFileSync } from 'node:fs';

let canReset = true;

/** Begins anew. Where the system does not allow it, {@link peakMemory} goes on counting from the process's start. */
export function resetPeakMemory(): void {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    canReset = false;
  }
}

/** In bytes. */
export function peakMemory(): number {
  if (!canReset) return process.resourceUsage().maxRSS * 1024;
  const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(line?.[1] ?? 0) * 1024;
}
