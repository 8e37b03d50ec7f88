/** @file Checking records of raw files, with a sentence that says where a wrong one stands. */

import type { z } from 'zod';
import type { JsonSource } from '../annotations/jsonSource.js';
import { checkRecord } from '../annotations/record.js';

/**
 * Checks each value of a stream against `schema`.
 *
 * @param noun what a value is called in messages, as in "question"
 * @throws LxmertError with source, index and key for a value that is not as expected
 */
export async function* checkRecords<T>(
  source: JsonSource,
  values: AsyncIterable<unknown>,
  schema: z.ZodType<T>,
  noun: string,
): AsyncGenerator<T, void, undefined> {
  let index = 0;
  for await (const value of values) {
    yield checkRecord(schema, value, source.name, `${noun} ${index} (counted from 0)`);
    index++;
  }
}
