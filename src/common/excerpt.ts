/** @file Pieces of files' text as they stand in sentences: whole where they are short. */

/** Characters of a name or value that a sentence quotes. */
const LONGEST_SHOWN = 100;

/** The text, or its beginning and `...` where it is longer than a sentence bears. */
export function excerpt(text: string): string {
  return beginningOf(text, LONGEST_SHOWN);
}

/** A value of a file as JSON, or its beginning. */
export function excerptOfJson(value: unknown, longest = LONGEST_SHOWN): string {
  return beginningOf(textOfJson(value), longest);
}

/**
 * A value of a file as JSON. JSON.stringify recurses: what is nested thousands deep, which JSON.parse reads, would end it with an
 * overflow of the stack.
 *
 * @param replaced what stands for an inner value, as JSON.stringify has it
 */
export function textOfJson(value: unknown, replaced?: (key: string, inner: unknown) => unknown): string {
  if (value === undefined) return 'nothing';
  try {
    return JSON.stringify(value, replaced) ?? String(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return 'a value that is nested thousands deep';
  }
}

function beginningOf(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}...` : text;
}

/** A message in which names of over 500 characters are cut in their middle; no name or path of good faith is as long. */
export function withoutLongWords(message: string): string {
  return message.replace(/\S{501,}/g, (word) => `${word.slice(0, 300)}...${word.slice(-100)}`);
}
