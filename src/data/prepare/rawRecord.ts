/** @file Checking records of raw files, with a sentence that says where a wrong one stands. */

import type { z } from 'zod';
import { LxmertError } from '../../common/errors.js';
import type { JsonSource } from '../annotations/jsonSource.js';

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
    yield checkRecord(value, schema, () => `${source.name}: ${noun} ${index} (counted from 0)`);
    index++;
  }
}

/** Checks one value. @param where begins the message */
export function checkRecord<T>(value: unknown, schema: z.ZodType<T>, where: () => string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const key = issue === undefined || issue.path.length === 0 ? '' : `, key '${issue.path.join('.')}'`;
  throw new LxmertError(`${where()}${key}: ${issue?.message ?? 'not as expected'}.`);
}
