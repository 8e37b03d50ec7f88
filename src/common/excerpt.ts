/** @file Pieces of files' text as they stand in sentences: whole where they are short. */

/** Characters of a name or value that a sentence quotes. */
const LONGEST_SHOWN = 100;

/** The text, or its beginning and `...` where it is longer than a sentence bears. */
export function excerpt(text: string): string {
  return beginningOf(text, LONGEST_SHOWN);
}

/**
 * A value of a file as JSON, or its beginning. JSON.stringify recurses: what is nested thousands deep, which JSON.parse reads,
 * would end it with an overflow of the stack.
 */
export function excerptOfJson(value: unknown, longest = LONGEST_SHOWN): string {
  if (value === undefined) return 'nothing';
  let text: string;
  try {
    text = JSON.stringify(value) ?? String(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    text = 'a value that is nested thousands deep';
  }
  return beginningOf(text, longest);
}

function beginningOf(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}...` : text;
}

/** A message in which names of over 500 characters are cut in their middle; no name or path of good faith is as long. */
export function withoutLongWords(message: string): string {
  return message.replace(/\S{501,}/g, (word) => `${word.slice(0, 300)}...${word.slice(-100)}`);
}
