/** @file Checks one record of an annotation file. */

import type { z } from 'zod';
import { LxmertError } from '../../common/errors.js';

/**
 * The record as its schema says.
 *
 * @param where file and place, as a sentence begins with it
 * @throws LxmertError with the place, the key and what is wrong
 */
export function parseRecord<T>(schema: z.ZodType<T>, record: unknown, where: string): T {
  const parsed = schema.safeParse(record);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const key = issue === undefined || issue.path.length === 0 ? '' : `, key '${issue.path.join('.')}'`;
  throw new LxmertError(`${where}${key}: ${issue?.message ?? 'not as expected'}.`);
}
