/** @file Which kernels multiply weights in 8 bits here, and what a person should know of them. */

import { runtimeInfo } from './runtime.js';

/** A format as the first line of a run names it: of `int8` the kernels too. */
export function namedPrecision(precision: string): string {
  return precision === 'int8' ? `int8 (${runtimeInfo().int8Kernels})` : precision;
}

/** Of processors that lack the instructions, as sentences; empty with VNNI. */
export function int8Warnings(kernels: string = runtimeInfo().int8Kernels): string[] {
  if (kernels === 'avx2') {
    return [
      'int8: this processor has no VNNI, so what weights are multiplied with is rounded to 7 bits in place of 8.',
    ];
  }
  if (kernels === 'baseline') {
    return [
      'int8: this processor has neither VNNI nor AVX2: weights take a quarter of the memory, but no less time.',
    ];
  }
  return [];
}
