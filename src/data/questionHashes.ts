/** @file What a split's questions are, as hashes by part, so that a run can tell whether it goes on with the same ones. */

import { ListHash } from '../formats/hashes/listHash.js';
import type { Question } from './annotations/question.js';

/** SHA-256 in hexadecimal of each part of all questions, in their order. */
export interface QuestionHashes {
  readonly ids: string;
  readonly sentences: string;
  /** One image, or two in order. */
  readonly images: string;
  /** Answers with their scores, and whatever else is said of a question. */
  readonly labels: string;
}

/** Two seconds for a million questions. */
export function questionHashes(questions: readonly Question[]): QuestionHashes {
  const [ids, sentences, images, labels] = [new ListHash(), new ListHash(), new ListHash(), new ListHash()];
  for (const { questionId, sentence, imageIds, ...others } of questions) {
    ids.add(JSON.stringify(questionId));
    sentences.add(sentence);
    images.add(JSON.stringify(imageIds));
    labels.add(JSON.stringify(others, asEntries));
  }
  return {
    ids: ids.digest(),
    sentences: sentences.digest(),
    images: images.digest(),
    labels: labels.digest(),
  };
}

function asEntries(_key: string, value: unknown): unknown {
  return value instanceof Map ? [...value] : value;
}
