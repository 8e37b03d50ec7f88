/** @file Pieces of files' text as they stand in sentences: whole where they are short. */

/** Characters of a name or value that a sentence quotes. */
const LONGEST_SHOWN = 100;

/** The text, or its beginning and `...` where it is longer than a sentence bears. */
export function excerpt(text: string): string {
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}...` : text;
}

/** A message in which names of over 500 characters are cut in their middle; no name or path of good faith is as long. */
export function withoutLongWords(message: string): string {
  return message.replace(/\S{501,}/g, (word) => `${word.slice(0, 300)}...${word.slice(-100)}`);
}
