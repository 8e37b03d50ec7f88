/** @file Lists of question ids: one id a line. */

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { hasErrorCode, LxmertError, UsageError } from '../../common/errors.js';

/**
 * Reads a list of question ids. Blank lines are passed over.
 *
 * @throws UsageError when the file is missing; LxmertError with the line for anything but a number, and for an id that
 *   stands twice
 */
export async function readQuestionIds(file: string): Promise<Set<number>> {
  const ids = new Set<number>();
  let numLines = 0;
  try {
    for await (const line of createInterface({
      input: createReadStream(file),
      crlfDelay: Number.POSITIVE_INFINITY,
    })) {
      numLines++;
      const text = line.trim();
      if (text === '') continue;
      const id = Number(text);
      if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(id)) {
        throw new LxmertError(
          `${file}, line ${numLines}: expected a question id, found '${text.slice(0, 40)}'.`,
        );
      }
      if (ids.has(id)) throw new LxmertError(`${file}, line ${numLines}: the id ${id} stands there twice.`);
      ids.add(id);
    }
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) throw new UsageError(`There is no file '${file}'.`);
    throw error;
  }
  if (ids.size === 0) throw new LxmertError(`${file} holds no question ids.`);
  return ids;
}
