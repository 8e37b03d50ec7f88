/** @file Neighbouring parameters as one range of a flat buffer. */

import type { FlatParameter } from './flatParameters.js';

export interface FlatRange {
  readonly offset: number;
  /** From the first parameter's beginning to the last one's end, with what lies between them. */
  readonly length: number;
  readonly parameters: readonly FlatParameter[];
}

/**
 * Joins neighbours with the same key. The space between parameters is part of a range: it holds zeros, and stays so.
 *
 * @param parameters in the order of their offsets; one that is left out ends a range
 */
export function rangesOf(
  parameters: readonly FlatParameter[],
  keyOf: (parameter: FlatParameter) => number,
): FlatRange[] {
  const ranges: { offset: number; length: number; parameters: FlatParameter[]; key: number }[] = [];
  for (const parameter of parameters) {
    const key = keyOf(parameter);
    const last = ranges.at(-1);
    const end = last === undefined ? 0 : last.offset + last.length;
    if (last !== undefined && last.key === key && parameter.offset - end < MOST_SPACE) {
      last.length = parameter.offset + parameter.length - last.offset;
      last.parameters.push(parameter);
    } else {
      ranges.push({ offset: parameter.offset, length: parameter.length, parameters: [parameter], key });
    }
  }
  return ranges;
}

/** Space between neighbours is less than their alignment; anything as wide is a parameter that was left out. */
const MOST_SPACE = 32;
