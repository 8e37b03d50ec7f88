/** @file Elements of a JSON array, entries of a JSON object, and JSON lines, one at a time, whatever the file's size. */

import { createReadStream } from 'node:fs';
import { hasErrorCode, LxmertError, messageOf, UsageError } from '../../common/errors.js';
import { byte, JsonCursor, type JsonSource } from './jsonCursor.js';

export type { JsonSource } from './jsonCursor.js';

/** Bytes read at once. */
const PIECE_BYTES = 1 << 18;

/** The bytes of a file, as a source. @throws UsageError, when it is opened, if there is none */
export function fileSource(file: string): JsonSource {
  return {
    name: file,
    async *open() {
      try {
        for await (const piece of createReadStream(file, { highWaterMark: PIECE_BYTES })) {
          yield piece as Uint8Array;
        }
      } catch (error) {
        if (hasErrorCode(error, 'ENOENT')) throw new UsageError(`There is no file '${file}'.`);
        if (hasErrorCode(error, 'EISDIR')) throw new UsageError(`'${file}' is a folder, not a file.`);
        throw new LxmertError(`${file} cannot be read: ${messageOf(error)}.`);
      }
    },
  };
}

/**
 * Yields the elements of the array that stands under `key` of the top-level object (`{"questions": [...], ...}`), or,
 * without `key`, of the top-level array. What stands under other keys is passed over. Memory is one element and one
 * piece of the source; an element over 16 MiB is an error.
 *
 * @throws LxmertError with the byte for JSON that is cut short or wrong, for a key that is absent or stands twice
 */
export async function* streamArray(
  source: JsonSource,
  key?: string,
): AsyncGenerator<unknown, void, undefined> {
  if (key !== undefined) {
    yield* arrayUnderKey(source, key);
    return;
  }
  const cursor = new JsonCursor(source);
  try {
    await cursor.skipByteOrderMark();
    yield* elements(cursor, 'element', 'a JSON array');
    await expectEnd(cursor);
  } finally {
    await cursor.close();
  }
}

/**
 * Yields the entries of the top-level object in the order of the file, with keys that occur twice, and with keys that
 * look like numbers in their place: a JavaScript object would move them to the front.
 *
 * @throws LxmertError with the byte for JSON that is cut short or wrong
 */
export async function* streamEntries(source: JsonSource): AsyncGenerator<[string, unknown], void, undefined> {
  const cursor = new JsonCursor(source);
  try {
    await cursor.skipByteOrderMark();
    for await (const key of keys(cursor)) yield [key, await cursor.value()];
    await expectEnd(cursor);
  } finally {
    await cursor.close();
  }
}

/**
 * Yields the values of a file of JSON lines. Values may also be spread over lines: only white space divides them.
 *
 * @throws LxmertError with the byte for JSON that is cut short or wrong
 */
export async function* streamValues(source: JsonSource): AsyncGenerator<unknown, void, undefined> {
  const cursor = new JsonCursor(source);
  try {
    await cursor.skipByteOrderMark();
    let numValues = 0;
    cursor.describePlace(() => `at value ${numValues} (counted from 0)`);
    for (; (await cursor.peek()) !== -1; numValues++) yield await cursor.value();
  } finally {
    await cursor.close();
  }
}

async function* arrayUnderKey(source: JsonSource, wanted: string): AsyncGenerator<unknown, void, undefined> {
  const cursor = new JsonCursor(source);
  try {
    await cursor.skipByteOrderMark();
    const seen: string[] = [];
    let numFound = 0;
    for await (const key of keys(cursor)) {
      if (key !== wanted) {
        if (seen.length < 8) seen.push(`'${key}'`);
        await cursor.skipValue();
        continue;
      }
      numFound++;
      if (numFound > 1) throw new LxmertError(`${source.name}: the key '${wanted}' stands there twice.`);
      yield* elements(cursor, `element of '${wanted}'`, `a JSON array under '${wanted}'`);
    }
    await expectEnd(cursor);
    if (numFound === 0) {
      const found = seen.length === 0 ? 'no key' : seen.join(', ');
      throw new LxmertError(`${source.name}: expected an object with the key '${wanted}', found ${found}.`);
    }
  } finally {
    await cursor.close();
  }
}

/** The elements of the array that comes next. */
async function* elements(cursor: JsonCursor, noun: string, wanted: string): AsyncGenerator<unknown> {
  let numElements = 0;
  await cursor.expect(byte.openArray, wanted);
  cursor.describePlace(() => `at ${noun} ${numElements} (counted from 0)`);
  if (await cursor.accept(byte.closeArray)) return;
  for (;;) {
    yield await cursor.value();
    if (!(await cursor.accept(byte.comma))) break;
    numElements++;
  }
  await cursor.expect(byte.closeArray, 'a comma or the end of the array');
  cursor.describePlace(() => `behind ${noun} ${numElements}`);
}

/** The keys of the top-level object; the caller takes or passes each one's value before it asks for the next. */
async function* keys(cursor: JsonCursor): AsyncGenerator<string> {
  let numEntries = 0;
  await cursor.expect(byte.openObject, 'a JSON object');
  cursor.describePlace(() => `at entry ${numEntries} (counted from 0)`);
  if (await cursor.accept(byte.closeObject)) return;
  do {
    const first = await cursor.peek();
    if (first !== byte.quote) throw cursor.unexpected('a key in quotes', first);
    const key = (await cursor.value()) as string;
    await cursor.expect(byte.colon, 'a colon');
    cursor.describePlace(() => `at key '${key.slice(0, 80)}'`);
    yield key;
    numEntries++;
  } while (await cursor.accept(byte.comma));
  await cursor.expect(byte.closeObject, 'a comma or the end of the object');
}

async function expectEnd(cursor: JsonCursor): Promise<void> {
  const found = await cursor.peek();
  if (found !== -1) throw cursor.unexpected('the end of the file', found);
}
