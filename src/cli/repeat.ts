/** @file A command that does again what one did, as somebody types it. */

/** What decides an answer, of the flags of commands that ask. */
const FLAGS = [
  'model',
  'weights',
  'vocab',
  'answers',
  'detector',
  'objectNames',
  'attributeNames',
  'features',
  'picture',
  'method',
] as const;

/**
 * @param words the command and its arguments
 * @param options as they were read; flags of other meaning than {@link FLAGS} are left out
 */
export function repeatCommand(
  words: readonly string[],
  options: Readonly<Partial<Record<(typeof FLAGS)[number], unknown>>>,
): string {
  const flags = FLAGS.flatMap((name) =>
    [options[name] ?? []].flat().flatMap((value) => [`--${kebab(name)}`, String(value)]),
  );
  return ['lxmert', ...words, ...flags].map(quoted).join(' ');
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** For a shell, as one word. */
function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
