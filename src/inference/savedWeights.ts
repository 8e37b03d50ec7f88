/** @file A folder that `save_pretrained` wrote: which of its files are weights, vocabulary and answers. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { SAVED_ANSWERS, SAVED_CONFIG, SAVED_VOCABULARIES, SAVED_WEIGHTS } from '../common/savedFiles.js';

/** The weights in it, the best of several forms. */
export function savedWeightsIn(folder: string): string | undefined {
  return firstOf(folder, SAVED_WEIGHTS);
}

export function savedVocabularyIn(folder: string): string | undefined {
  return firstOf(folder, SAVED_VOCABULARIES);
}

/** A table of answers, else the configuration, where it names them (`id2label`). */
export async function savedAnswersIn(folder: string): Promise<string | undefined> {
  const table = firstOf(folder, SAVED_ANSWERS);
  if (table !== undefined) return table;
  const config = path.join(folder, SAVED_CONFIG);
  return (await namesAnswers(config)) ? config : undefined;
}

function firstOf(folder: string, names: readonly string[]): string | undefined {
  return names.map((name) => path.join(folder, name)).find((file) => existsSync(file));
}

/** Classes that nobody named are LABEL_0, LABEL_1, ... */
async function namesAnswers(file: string): Promise<boolean> {
  const content: unknown = await readFile(file, 'utf8')
    .then(JSON.parse)
    .catch(() => undefined);
  const labels = (content as { readonly id2label?: unknown } | null | undefined)?.id2label;
  if (typeof labels !== 'object' || labels === null) return false;
  return Object.values(labels).some((label, i) => label !== `LABEL_${i}`);
}
