/** @file Reads a JSON array, element by element, whatever the size of the file. */

import { readJsonMembers } from './jsonMembers.js';

/** Where the array stands, and how much is read at a time. */
export interface JsonArrayOptions {
  /** The array is the value of this key of a top-level object; without it, the file is the array. */
  readonly under?: string;
  readonly chunkBytes?: number;
  /** Changes an element's text before it is parsed. */
  readonly prepare?: (text: string) => string;
}

/**
 * Yields the elements of the top-level array of `file` in order, or of the array under a key of its top-level
 * object. Only one element is held at a time.
 *
 * @throws UsageError when the file is missing
 * @throws LxmertError when there is no such array, with the index of the element that is wrong
 */
export async function* readJsonArray(file: string, options: JsonArrayOptions = {}): AsyncGenerator<unknown> {
  const { under, chunkBytes, prepare } = options;
  const source =
    under === undefined
      ? ({ top: 'array', chunkBytes, prepare } as const)
      : ({ top: 'object', under, chunkBytes, prepare } as const);
  for await (const { value } of readJsonMembers(file, source)) yield value;
}
