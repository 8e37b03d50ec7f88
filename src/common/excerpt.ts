/** @file A piece of a file's text as it stands in a sentence: whole where it is short. */

/** Characters of a name or value that a sentence quotes. */
const LONGEST_SHOWN = 100;

/** The text, or its beginning and `...` where it is longer than a sentence bears. */
export function excerpt(text: string): string {
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}...` : text;
}
