/** @file Text that a terminal prints and does not obey: messages quote files, and files are anybody's. */

/** Control characters, escape sequences of terminals among them, as JSON would write them; tabs and line ends stay. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
