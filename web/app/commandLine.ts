/** @file The command that explains an answer again. */

import type { ShownPicture } from './answering.js';
import { isDrawn } from './seen.js';

/** What answers. */
export interface Answerer {
  /** Names of folders, or of files of weights. */
  readonly models: readonly string[];
  readonly hasDetector: boolean;
}

/** A drawn sample is named by its number, a picture whose regions were found beforehand by its id and what has them. */
export function commandLineOf(
  { name, sample }: Pick<ShownPicture, 'name' | 'sample'>,
  question: string,
  { models, hasDetector }: Answerer,
): string {
  const store = sample?.store ?? null;
  const about = isDrawn(sample)
    ? `--sample ${name.replace(/\D+/g, '')}`
    : store === null
      ? quoted(name)
      : `${quoted(name.split('.')[0] ?? name)} --features ${quoted(store)}`;
  const folders = models.map((model) => ` --model ${quoted(model)}`);
  const detector = hasDetector && store === null && !isDrawn(sample) ? ' --detector DETECTOR' : '';
  return `lxmert explain ${about} ${quoted(question)}${folders.join('')}${detector} --output explanation.html`;
}

/** For a shell, as one word. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
