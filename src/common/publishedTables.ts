/** @file Tables that come with the package: answers, names and word pieces of the published models (assets/published/SOURCES.md). */

import path from 'node:path';
import { packageRoot } from './version.js';

export interface PublishedTable {
  readonly file: string;
  /** Whose, for a sentence: "VQA v2". */
  readonly title: string;
}

const ANSWERS: Readonly<Record<number, { readonly folder: string; readonly title: string }>> = {
  3129: { folder: 'vqa', title: 'VQA v2' },
  1842: { folder: 'gqa', title: 'GQA' },
};

/** The answers of the published model whose head has so many; undefined where there is none. */
export function publishedAnswers(numAnswers: number): PublishedTable | undefined {
  const known = ANSWERS[numAnswers];
  if (known === undefined) return undefined;
  return { file: tableFile('lxmert', known.folder, 'trainval_label2ans.json'), title: known.title };
}

/** BERT's word pieces, for a model that has as many; undefined for one that has not. */
export function publishedVocabulary(vocabSize: number): PublishedTable | undefined {
  return vocabSize === 30_522
    ? { file: tableFile('bert', 'vocab.txt'), title: 'BERT base, lower case' }
    : undefined;
}

/** Visual Genome's names, for a detector with as many classes; undefined for one that has not. */
export function publishedNames(what: 'objects' | 'attributes', numNames: number): string | undefined {
  return numNames === { objects: 1600, attributes: 400 }[what]
    ? tableFile('vg', `${what}_vocab.txt`)
    : undefined;
}

function tableFile(...parts: string[]): string {
  return path.join(packageRoot(), 'assets/published', ...parts);
}
