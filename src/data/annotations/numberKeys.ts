/**
 * @file Keys that look like numbers, kept in their place: a JavaScript object would move them to the front, and the
 * order of a label's answers is the order in which they are drawn.
 */

/** A private-use character, which no annotation begins a number with. */
const MARK = '\ue000';

/**
 * JSON text with a mark before each key of digits only. Quotes inside strings stand behind a backslash, so that a
 * quote after a bracket or a comma always opens a string.
 */
export function markNumberKeys(json: string): string {
  return json.replace(/(?<=[{,]\s*)"(\d+)"(?=\s*:)/g, `"${MARK}$1"`);
}

/** A key as it stood in the file. */
export function unmarkedKey(key: string): string {
  return key.startsWith(MARK) ? key.slice(MARK.length) : key;
}
