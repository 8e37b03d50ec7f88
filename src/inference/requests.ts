/** @file What is asked of a model: questions with words in them, a number of answers. */

import { UsageError } from '../common/errors.js';

export interface AnswerOptions {
  /** Answers to give, the most probable first. Default 5. */
  readonly topK?: number | undefined;
  /**
   * Score these answers alone, all of them, the most probable first: multiple choice. Each is looked up in the model's table as it
   * is, as the official evaluation of VQA spells it, and without regard to capitals; one that is not there has `isKnown: false`.
   */
  readonly choices?: readonly string[] | undefined;
}

export const DEFAULT_TOP_K = 5;

/** Sentences about one picture that are computed together: more would take memory and be no faster. */
export const SENTENCES_AT_ONCE = 64;

/** Choices of one question. */
export const MAX_CHOICES = 100;

/** @throws UsageError for choices that are none, too many or blank */
export function requireChoices(choices: readonly string[] | undefined): void {
  if (choices === undefined) return;
  const isSound =
    Array.isArray(choices) && choices.every((each) => typeof each === 'string' && each.trim() !== '');
  if (isSound && choices.length > 0 && choices.length <= MAX_CHOICES) return;
  throw new UsageError(`choices must be 1 to ${MAX_CHOICES} texts that are not empty.`);
}

/** @throws UsageError for a number of answers that is no whole number from 1 */
export function requireTopK(topK: number): void {
  if (Number.isInteger(topK) && topK >= 1) return;
  throw new UsageError(`topK must be a whole number from 1; found ${topK}.`);
}

/** @throws UsageError for a sentence without words */
export function requireWords(sentences: readonly string[], what: 'question' | 'sentence'): void {
  for (const sentence of sentences as readonly unknown[]) {
    if (typeof sentence !== 'string')
      throw new UsageError(`The ${what} should be text; found ${typeof sentence}.`);
  }
  if (sentences.some((sentence) => sentence.trim() === '')) throw new UsageError(`The ${what} is empty.`);
}

/** What is said where nothing finds the regions of a bare picture. */
export const NO_REGION_FINDER =
  'This model was trained on the region features of a detector, so it cannot find the regions of a bare picture without one. Name the weights with --detector (in JavaScript: detector), or an image id and with --features a store or obj36 TSV file that holds it.';
