/** @file Lists of question ids: one id a line. */

import { LxmertError } from '../../common/errors.js';
import { readTextLines } from '../../formats/lines/textLines.js';

/**
 * Reads a list of question ids. Blank lines are passed over.
 *
 * @throws UsageError when the file is missing; LxmertError with the line for anything but a number, and for an id that
 *   stands twice
 */
export async function readQuestionIds(file: string): Promise<Set<number>> {
  const ids = new Set<number>();
  for await (const line of readTextLines(file)) {
    const text = line.text.trim();
    const id = Number(text);
    if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(id)) {
      throw new LxmertError(
        `${file}, line ${line.number}: expected a question id, found '${text.slice(0, 40)}'.`,
      );
    }
    if (ids.has(id)) throw new LxmertError(`${file}, line ${line.number}: the id ${id} stands there twice.`);
    ids.add(id);
  }
  if (ids.size === 0) throw new LxmertError(`${file} holds no question ids.`);
  return ids;
}
