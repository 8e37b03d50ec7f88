/** @file Records of a JSON text in any of the usual layouts: a list, a list under a key, JSON lines. */

import type { PlacedValue } from '../../formats/lines/jsonLines.js';
import type { JsonSource } from './jsonSource.js';
import { type JsonLayout, streamArray, streamValues } from './jsonStream.js';

/**
 * Yields the records of a text whose layout is known, each with its place: `element 3`, `line 4` (of values, one a line), `row 5` (of a table).
 *
 * @param noun what a place of a list is called
 */
export async function* streamRecords(
  source: JsonSource,
  layout: JsonLayout,
  noun = 'element',
): AsyncGenerator<PlacedValue> {
  if (source.records !== undefined) {
    yield* source.records();
    return;
  }
  let index = 0;
  if (layout.kind === 'lines') {
    for await (const value of streamValues(source)) yield { value, place: `line ${++index}` };
    return;
  }
  const key = layout.kind === 'wrapped' ? layout.key : undefined;
  for await (const value of streamArray(source, key)) yield { value, place: `${noun} ${index++}` };
}
