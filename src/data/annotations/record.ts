/** @file Checks one record of an annotation file, with an error that says where it stands. */

import type { z } from 'zod';
import { LxmertError } from '../../common/errors.js';
import { inWords } from '../../common/schemaWords.js';

/**
 * The record as `schema` reads it.
 *
 * @param place Where it stands in the file, as in `element 3`
 * @throws LxmertError with file, place, key, what was expected and what was found
 */
export function checkRecord<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  file: string,
  place: string,
): z.output<Schema> {
  const parsed = schema.safeParse(value, { error: inWords });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const key = issue === undefined || issue.path.length === 0 ? '' : `, key '${issue.path.join('.')}'`;
  throw new LxmertError(`${file}: ${place}${key}: ${issue?.message ?? 'not as expected'}.`);
}
