/** @file Reads a JSON object, entry by entry, whatever the size of the file. */

import { readJsonMembers } from './jsonMembers.js';

/**
 * Yields the entries of the top-level object of `file` in the order of the file, so that keys that look like
 * numbers keep their places. Only one entry is held at a time. A key that stands twice is yielded twice.
 *
 * @throws UsageError when the file is missing
 * @throws LxmertError when it is no JSON object, with the key of the entry that is wrong
 */
export async function* readJsonObject(
  file: string,
  options: { readonly chunkBytes?: number } = {},
): AsyncGenerator<readonly [key: string, value: unknown]> {
  for await (const { key, value } of readJsonMembers(file, { top: 'object', ...options })) {
    if (key !== undefined) yield [key, value];
  }
}
