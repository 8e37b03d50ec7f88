/** @file Flags of a test's own in place of those that its helper gives. */

/** Flags that take several values, which add to each other. */
const LISTS = ['--features', '--train', '--valid'];

/** `words` without the flags that `more` gives too, and `more` behind them: a flag of one value stands there once. */
export function overridden(words: readonly string[], more: readonly string[]): string[] {
  const own = more.filter((word) => word.startsWith('--') && !LISTS.includes(word));
  const isOwn = (word: string | undefined): boolean => word !== undefined && own.includes(word);
  return [
    ...words.filter((word, i) => !isOwn(word) && !(isOwn(words[i - 1]) && !word.startsWith('--'))),
    ...more,
  ];
}
