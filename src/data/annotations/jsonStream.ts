/** @file Elements of a JSON array, entries or keys of a JSON object, and JSON lines, one at a time, whatever the file's size. */

import { LxmertError } from '../../common/errors.js';
import { JsonCursor, shownKey } from './jsonCursor.js';
import { byte } from './jsonScan.js';
import type { JsonSource } from './jsonSource.js';

/** Keys that the message about an absent one lists. */
const MAX_LISTED_KEYS = 8;

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
  await using cursor = await JsonCursor.open(source);
  const keys = new KeyReader(cursor);
  if (key !== undefined) await findKey(cursor, keys, key);
  const wanted = key === undefined ? 'a JSON array at the top level' : `an array under the key '${key}'`;
  await cursor.expect(byte.openArray, wanted);
  const suffix = key === undefined ? '' : ` of '${key}'`;
  let numElements = 0;
  cursor.describePlace(() => `at element ${numElements}${suffix} (counted from 0)`);
  if (!(await cursor.accept(byte.closeArray))) {
    for (;;) {
      yield cursor.value();
      if (!(await cursor.accept(byte.comma))) break;
      numElements++;
    }
    await cursor.expect(byte.closeArray, 'a comma or the end of the array');
    cursor.describePlace(() => `behind element ${numElements}${suffix}`);
  }
  if (key !== undefined) await passOtherKeys(cursor, keys, key);
  await expectEnd(cursor);
}

/**
 * Yields the entries of the top-level object in the order of the file, with keys that occur twice, and with keys that
 * look like numbers in their place: a JavaScript object would move them to the front.
 *
 * @throws LxmertError with the byte for JSON that is cut short or wrong
 */
export async function* streamEntries(source: JsonSource): AsyncGenerator<[string, unknown], void, undefined> {
  await using cursor = await JsonCursor.open(source);
  const keys = new KeyReader(cursor);
  for (let key = await keys.next(); key !== undefined; key = await keys.next()) {
    yield [key, await cursor.value()];
  }
  await expectEnd(cursor);
}

/**
 * Yields the keys of the first object of the text, passing over what stands under them: what tells layouts apart.
 *
 * @throws LxmertError with the byte for JSON that is cut short or wrong, or that begins with something else
 */
export async function* streamKeys(source: JsonSource): AsyncGenerator<string, void, undefined> {
  await using cursor = await JsonCursor.open(source);
  const keys = new KeyReader(cursor);
  for (let key = await keys.next(); key !== undefined; key = await keys.next()) {
    yield key;
    await cursor.skipValue();
  }
}

/**
 * Yields the values of a file of JSON lines. Values may also be spread over lines: only white space divides them.
 *
 * @throws LxmertError with the byte for JSON that is cut short or wrong
 */
export async function* streamValues(source: JsonSource): AsyncGenerator<unknown, void, undefined> {
  await using cursor = await JsonCursor.open(source);
  let numValues = 0;
  cursor.describePlace(() => `at value ${numValues} (counted from 0)`);
  for (; (await cursor.peek()) !== -1; numValues++) yield cursor.value();
}

/** Whether the text is a JSON array, going by the byte that it begins with. */
export async function beginsArray(source: JsonSource): Promise<boolean> {
  await using cursor = await JsonCursor.open(source);
  return (await cursor.peek()) === byte.openArray;
}

/** How the records of a JSON text lie. */
export type JsonLayout =
  | { readonly kind: 'list' }
  /** A list under a key of the top-level object. */
  | { readonly kind: 'wrapped'; readonly key: string }
  /** JSON lines: an object, and more behind it. */
  | { readonly kind: 'lines' }
  /** One object, without a list under any of the keys. */
  | { readonly kind: 'object' }
  /** No list and no object. */
  | { readonly kind: 'none' };

/**
 * Tells the layout of a text: by its first byte, by the keys of its first object up to one of `listKeys`, by what stands
 * behind that object.
 *
 * @throws LxmertError with the byte for JSON that is cut short or wrong up to there
 */
export async function findLayout(source: JsonSource, listKeys: readonly string[]): Promise<JsonLayout> {
  if (source.records !== undefined) return { kind: 'lines' };
  await using cursor = await JsonCursor.open(source);
  const first = await cursor.peek();
  if (first === byte.openArray) return { kind: 'list' };
  if (first !== byte.openObject) return { kind: 'none' };
  const keys = new KeyReader(cursor);
  for (let key = await keys.next(); key !== undefined; key = await keys.next()) {
    if (listKeys.includes(key) && (await cursor.peek()) === byte.openArray) return { kind: 'wrapped', key };
    await cursor.skipValue();
  }
  return { kind: (await cursor.peek()) === -1 ? 'object' : 'lines' };
}

/** Moves before the value of `wanted` in the top-level object. */
async function findKey(cursor: JsonCursor, keys: KeyReader, wanted: string): Promise<void> {
  const listed: string[] = [];
  let numOthers = 0;
  for (let key = await keys.next(); key !== undefined; key = await keys.next()) {
    if (key === wanted) return;
    if (numOthers < MAX_LISTED_KEYS) listed.push(shownKey(key));
    numOthers++;
    await cursor.skipValue();
  }
  await expectEnd(cursor);
  const more = numOthers > listed.length ? ` and ${numOthers - listed.length} more` : '';
  const found = numOthers === 0 ? 'the object has no keys' : `the keys are ${listed.join(', ')}${more}`;
  throw new LxmertError(`${cursor.name}: expected an array under the key '${wanted}', but ${found}.`);
}

/** Passes what follows the value of `taken`, to the end of the object. */
async function passOtherKeys(cursor: JsonCursor, keys: KeyReader, taken: string): Promise<void> {
  for (let key = await keys.next(); key !== undefined; key = await keys.next()) {
    if (key === taken) throw new LxmertError(`${cursor.name}: the key '${taken}' stands there twice.`);
    await cursor.skipValue();
  }
}

/** Reads the keys of the top-level object. The caller takes or passes each one's value before it asks for the next. */
class KeyReader {
  #numKeys = 0;
  /** The key whose value comes next; undefined where a key does. */
  #key: string | undefined;

  constructor(private readonly cursor: JsonCursor) {}

  /** The next key; undefined behind the object. */
  async next(): Promise<string | undefined> {
    const { cursor } = this;
    if (this.#numKeys === 0) {
      await cursor.expect(byte.openObject, 'a JSON object at the top level');
      cursor.describePlace(this.#place);
      if (await cursor.accept(byte.closeObject)) return undefined;
    } else if (!(await cursor.accept(byte.comma))) {
      await cursor.expect(byte.closeObject, 'a comma or the end of the object');
      return undefined;
    }
    this.#key = undefined;
    cursor.describePlace(this.#place);
    this.#key = await cursor.key();
    this.#numKeys++;
    return this.#key;
  }

  readonly #place = (): string =>
    this.#key === undefined ? `at entry ${this.#numKeys} (counted from 0)` : `at key ${shownKey(this.#key)}`;
}

async function expectEnd(cursor: JsonCursor): Promise<void> {
  const found = await cursor.peek();
  if (found !== -1) throw cursor.unexpected('the end of the file', found);
}
