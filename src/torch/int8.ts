/** @file Which kernels multiply weights in 8 bits here, and what a person should know of them. */

import { runtimeInfo } from './runtime.js';

/** A format as the first line of a run names it: of `int8` the kernels too. */
export function namedPrecision(precision: string): string {
  return precision === 'int8' ? `int8 (${runtimeInfo().int8Kernels})` : precision;
}

/** What a person should know of kernels without VNNI: for a row of facts, and as a sentence. */
const NOTES: Readonly<Record<string, { readonly short: string; readonly warning: string }>> = {
  avx2: {
    short: ' (the processor has no VNNI: values between layers are rounded to 7 bits)',
    warning:
      'int8: this processor has no VNNI, so what weights are multiplied with is rounded to 7 bits in place of 8.',
  },
  baseline: {
    short: ' (the processor has neither VNNI nor AVX2: int8 saves memory, not time)',
    warning:
      'int8: this processor has neither VNNI nor AVX2: weights take a quarter of the memory, but no less time.',
  },
};

/** The kernels' name, and behind it what a person should know of them. */
export function describeInt8Kernels(kernels: string): string {
  return `${kernels}${NOTES[kernels]?.short ?? ''}`;
}

/** Of processors that lack the instructions, as sentences; empty with VNNI. */
export function int8Warnings(kernels: string = runtimeInfo().int8Kernels): string[] {
  const note = NOTES[kernels];
  return note === undefined ? [] : [note.warning];
}
