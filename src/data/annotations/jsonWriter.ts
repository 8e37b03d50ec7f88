/** @file Writes long JSON arrays and objects element by element, so that none has to fit in memory as a whole. */

import { withAtomicFile } from '../../common/atomicFile.js';

/** Characters gathered before they go to the file. */
const CHUNK_LENGTH = 1 << 16;

/**
 * Writes the elements as one JSON array with an indent of 1, the same text as `JSON.stringify(elements, null, 1)`.
 *
 * @returns the number of elements
 */
export async function writeJsonArray(
  file: string,
  elements: Iterable<object> | AsyncIterable<object>,
): Promise<number> {
  return await writeParts(file, '[', ']', texts(elements));
}

/** Writes entries as one JSON object, the keys in the order given; the caller sees to it that none comes twice. */
export async function writeJsonObject(
  file: string,
  entries: Iterable<readonly [string, object]> | AsyncIterable<readonly [string, object]>,
): Promise<number> {
  const parts = async function* (): AsyncGenerator<string> {
    for await (const [key, value] of entries) yield `${JSON.stringify(key)}: ${indented(value)}`;
  };
  return await writeParts(file, '{', '}', parts());
}

async function* texts(elements: Iterable<object> | AsyncIterable<object>): AsyncGenerator<string> {
  for await (const element of elements) yield indented(element);
}

/** Line feeds inside strings are escaped, so that every one in the text ends a line. */
function indented(value: object): string {
  return JSON.stringify(value, null, 1).replaceAll('\n', '\n ');
}

async function writeParts(
  file: string,
  open: string,
  close: string,
  parts: AsyncIterable<string>,
): Promise<number> {
  return await withAtomicFile(file, async ({ handle }) => {
    let numParts = 0;
    let text = open;
    for await (const part of parts) {
      text += `${numParts === 0 ? '' : ','}\n ${part}`;
      numParts++;
      if (text.length < CHUNK_LENGTH) continue;
      await handle.appendFile(text);
      text = '';
    }
    await handle.appendFile(`${text}${numParts === 0 ? '' : '\n'}${close}`);
    return numParts;
  });
}
