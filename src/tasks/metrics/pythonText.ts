/** @file Text split and stripped as Python does it: the official evaluations are Python programs. */

// Python's str.isspace: unlike JavaScript's \s it has the separators U+001C to U+001F and U+0085, and no U+FEFF.
const SPACE = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const SPACES = new RegExp(`${SPACE}+`, 'u');
const OUTER_SPACES = new RegExp(`^${SPACE}+|${SPACE}+$`, 'gu');

/** `text.strip()`. */
export function strip(text: string): string {
  return text.replace(OUTER_SPACES, '');
}

/** `text.split()`: the words between runs of white space, none of them empty. */
export function splitAtWhitespace(text: string): string[] {
  return text.split(SPACES).filter((word) => word !== '');
}
