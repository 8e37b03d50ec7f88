/** @file Makes the beginning of a JSON text whole: what was cut in the middle is left out, what is open is closed. */

/** Deeper nesting than any file of this field has; it also bounds what a hostile file costs. */
const MAX_DEPTH = 64;

/**
 * The text up to its last whole value, with the brackets that are open there closed. Of
 * `{"a": [1, {"b": 2, "c` this is `{"a": [1, {"b": 2}]}`. A text that is no JSON stays none.
 *
 * @returns undefined when the text nests deeper than 64 levels or has more closing brackets than opening ones
 */
export function closeCutJson(text: string): { readonly text: string; readonly isWhole: boolean } | undefined {
  const open: string[] = [];
  /** Behind the last value that is whole, and the brackets that are open there. */
  let end = 0;
  let openAtEnd: string[] = [];
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (inString) {
      if (character === '\\') i++;
      else if (character === '"') inString = false;
      continue;
    }
    if (character === '"') inString = true;
    else if (character === '[' || character === '{') {
      open.push(character === '[' ? ']' : '}');
      if (open.length > MAX_DEPTH) return undefined;
      end = i + 1;
      openAtEnd = [...open];
    } else if (character === ']' || character === '}') {
      if (open.pop() === undefined) return undefined;
      if (open.length === 0) return { text: text.slice(0, i + 1), isWhole: true };
      end = i + 1;
      openAtEnd = [...open];
    } else if (character === ',') {
      end = i;
      openAtEnd = [...open];
    }
  }
  return { text: text.slice(0, end) + openAtEnd.reverse().join(''), isWhole: false };
}
