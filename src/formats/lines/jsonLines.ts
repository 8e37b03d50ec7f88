/** @file Files with one JSON value on each line. */

import { LxmertError } from '../../common/errors.js';
import { findJsonFault } from '../jsonFault.js';
import { readTextLines } from './textLines.js';

/** A value, and where it stands, as in `line 3`. */
export interface PlacedValue {
  readonly value: unknown;
  readonly place: string;
}

/**
 * Yields the values of a file of JSON lines; blank lines are passed over.
 *
 * @throws UsageError when the file is missing or a folder
 * @throws LxmertError with the line for one that is not JSON
 */
export async function* readJsonLines(file: string): AsyncGenerator<PlacedValue> {
  for await (const { text, number } of readTextLines(file)) {
    const place = `line ${number}`;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      const { offset = 0, what = 'it cannot be parsed' } = findJsonFault(text) ?? {};
      throw new LxmertError(`${file}: ${place} is not valid JSON: column ${offset + 1}: ${what}.`);
    }
    yield { value, place };
  }
}
