/**
 * @file The files of a model on a hub, which are those of a folder that `save_pretrained` wrote: their names, the best first, and
 * which of them a folder has.
 */

import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

export const SAVED_WEIGHTS = [
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
] as const;
export const SAVED_CONFIG = 'config.json';
export const SAVED_VOCABULARIES = ['vocab.txt', 'tokenizer.json'] as const;
export const SAVED_ANSWERS = ['trainval_label2ans.json', 'answers.json'] as const;
/** Names of a detector's classes, as the published files of them are called. */
export const LABEL_FILES = { objects: 'objects_vocab.txt', attributes: 'attributes_vocab.txt' } as const;

/** Weights in the folder of a run, the best first. */
export const RUN_WEIGHTS = ['BEST.pth', 'BEST_EVAL_LOSS_LXRT.pth'] as const;

/** The best weights in the folder of a run; undefined when there are none. */
export function runWeightsIn(folder: string): string | undefined {
  return firstOf(folder, RUN_WEIGHTS);
}

/** The weights in a folder, the best of several forms; undefined when there are none. */
export function savedWeightsIn(folder: string): string | undefined {
  return firstOf(folder, SAVED_WEIGHTS);
}

/** Of a folder that `save_pretrained` wrote its weights; all else as it is. */
export function weightsStoodFor(place: string): string {
  const isFolder = statSync(place, { throwIfNoEntry: false })?.isDirectory() === true;
  return (isFolder ? savedWeightsIn(place) : undefined) ?? place;
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
