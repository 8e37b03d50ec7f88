/** @file A note about the key that the answers of a file may stand under, where they are not under the official one. */

/** Notes, once for each file and key, that a record without an answer has one under `key`, which is not read. */
export function noteUnreadKey(file: string, key: string | undefined, notes: string[]): void {
  if (key === undefined) return;
  const note = `${file}: where answers are missing there is the key '${key}', which is not read: is that the answer under another name?`;
  if (!notes.includes(note)) notes.push(note);
}
