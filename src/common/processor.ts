/** @file What the operating system says of this machine's processor. */

import { readFileSync } from 'node:fs';
import os from 'node:os';
import { numUsableProcessors } from './usableProcessors.js';

export interface Processor {
  /** As the maker names it, or "unknown". */
  readonly model: string;
  /** Logical processors that this process may run on. */
  readonly numLogical: number;
  /** Cores behind them, or null where the system does not say. */
  readonly numCores: number | null;
  /** The vector extensions that matter here and are present, as Linux names them: `avx2`, `avx512f`, ... */
  readonly vectorFeatures: readonly string[];
}

/** In the order printed: what libtorch and OpenBLAS choose their kernels by, and what makes bfloat16 fast. */
const knownFeatures = [
  'avx2',
  'fma',
  'avx512f',
  'avx512_vnni',
  'avx512_bf16',
  'amx_bf16',
  'amx_tile',
  'asimd',
  'bf16',
  'sve',
];

/** Reads the processor's name, cores and vector features; off Linux only the name and the count are known. */
export function readProcessor(cpuinfo: string | null = readCpuinfo()): Processor {
  const flags = new Set(/^(?:flags|Features)\s*:\s*(.*)$/m.exec(cpuinfo ?? '')?.[1]?.split(/\s+/) ?? []);
  return {
    model: os.cpus()[0]?.model.trim() ?? 'unknown',
    numLogical: numUsableProcessors(),
    numCores: countCores(cpuinfo ?? ''),
    vectorFeatures: knownFeatures.filter((feature) => flags.has(feature)),
  };
}

/** True when the processor multiplies bfloat16 matrices in hardware. */
export function hasBfloat16(processor: Processor): boolean {
  return ['avx512_bf16', 'amx_bf16', 'bf16'].some((feature) => processor.vectorFeatures.includes(feature));
}

/** A sentence for who asked for bfloat16 where it only costs; undefined where it pays. */
export function bfloat16Warning(processor: Processor = readProcessor()): string | undefined {
  if (hasBfloat16(processor)) return undefined;
  return 'This processor does not multiply bfloat16 matrices in hardware: float32 is faster here (--precision float32).';
}

function readCpuinfo(): string | null {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return null;
  }
}

function countCores(cpuinfo: string): number | null {
  const cores = new Set<string>();
  for (const block of cpuinfo.split(/\n\n+/)) {
    const socket = /^physical id\s*:\s*(\d+)/m.exec(block)?.[1];
    const core = /^core id\s*:\s*(\d+)/m.exec(block)?.[1];
    if (socket !== undefined && core !== undefined) cores.add(`${socket}/${core}`);
  }
  return cores.size === 0 ? null : cores.size;
}
