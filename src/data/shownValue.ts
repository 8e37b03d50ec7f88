/** @file What a value of JSON is, in the words of a message. */

/** Keys that a message lists. */
const MAX_KEYS = 4;
const MAX_CHARACTERS = 60;

/** `a list of 6, each an object with the keys 'question_id', 'answer'`; short values as they stand. */
export function shownValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) {
    return value.length === 0
      ? 'an empty list'
      : `a list of ${value.length} whose first is ${shownItem(value[0])}`;
  }
  return shownItem(value);
}

function shownItem(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value !== 'object' || value === null) return shownText(JSON.stringify(value));
  const keys = Object.keys(value);
  if (keys.length === 0) return 'an empty object';
  const listed = keys.slice(0, MAX_KEYS).map((key) => `'${shownText(key)}'`);
  const more = keys.length > listed.length ? ` and ${keys.length - listed.length} more` : '';
  return `an object with the ${keys.length === 1 ? 'key' : 'keys'} ${listed.join(', ')}${more}`;
}

/** Text that a message can hold: its beginning, without line ends. */
export function shownText(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > MAX_CHARACTERS ? `${line.slice(0, MAX_CHARACTERS)}...` : line;
}
