/** @file The same command once more, behind a run that something ended: it must leave what an undisturbed run leaves. */

import { differencesBetween } from './compareFolders.js';
import { start } from './program.js';

/** A line for what is wrong with its end, or for each file that differs from those of the undisturbed run; none when all is well. */
export async function problemsOfRepeat(
  words: readonly string[],
  folder: string,
  undisturbed: string,
): Promise<string[]> {
  const again = await start(words, { cwd: folder }).ended;
  if (again.status !== 0)
    return [`the same command afterwards ended with ${again.status}: ${again.stderr.slice(-300)}`];
  return differencesAfterwards(undisturbed, folder);
}

/** The same of what is there already. */
export function differencesAfterwards(undisturbed: string, folder: string): string[] {
  return differencesBetween(undisturbed, folder).map((each) => `afterwards, ${each}`);
}
