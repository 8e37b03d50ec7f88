/** @file A note about the key that the answers of a file may stand under, where they are not under the official one. */

import { unreadLabelKey } from '../annotations/unreadLabelKey.js';

/**
 * Notes, once for each file and key, that a record without an answer has one under a key that is not read.
 *
 * @param label what was read; undefined for none
 * @param record as it stands in the file
 */
export function noteUnreadKey(file: string, label: unknown, record: unknown, notes: string[]): void {
  const key = unreadLabelKey(label, record)?.unreadLabelKey;
  if (key === undefined) return;
  const note = `${file}: where answers are missing there is the key '${key}', which is not read: is that the answer under another name?`;
  if (!notes.includes(note)) notes.push(note);
}
