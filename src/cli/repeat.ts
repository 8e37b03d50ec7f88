/** @file A command that does again what one did, as somebody types it. */

import { kebabCase } from '../common/kebabCase.js';
import { shellWord } from '../formats/forms/index.js';

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
    [options[name] ?? []].flat().flatMap((value) => [`--${kebabCase(name)}`, String(value)]),
  );
  return ['lxmert', ...words, ...flags].map(shellWord).join(' ');
}
