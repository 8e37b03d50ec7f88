/** @file How the official VQA evaluation spells answers before it compares them. */

import {
  ARTICLES,
  CONTRACTION_SPELLINGS,
  MAX_PERIODS_REMOVED,
  NUMBER_WORDS,
  PUNCTUATION,
} from '../../data/vqaAnswerRule.js';
import { splitAtWhitespace, strip } from './pythonText.js';

/** Line ends and tabs become spaces, and spaces around the answer go: done to every answer. */
export function cleanVqaAnswer(answer: string): string {
  return strip(answer.replace(/[\n\t]/g, ' '));
}

/**
 * `processPunctuation`: a mark that touches a space anywhere in the answer is removed everywhere in it, another one
 * becomes a space. When the answer has a comma between digits, all marks are removed. Then the first 32 periods that
 * no digit follows are removed.
 */
export function processPunctuation(answer: string): string {
  const hasDigitComma = /\p{Nd},\p{Nd}/u.test(answer);
  let text = answer;
  for (const mark of PUNCTUATION) {
    const isRemoved = hasDigitComma || answer.includes(`${mark} `) || answer.includes(` ${mark}`);
    text = text.replaceAll(mark, isRemoved ? '' : ' ');
  }
  let numRemoved = 0;
  return text.replace(/\.(?!\p{Nd})/gu, (period) => (numRemoved++ < MAX_PERIODS_REMOVED ? '' : period));
}

/**
 * `processDigitArticle`: lower case, number words from none to ten as digits, no articles, contractions with their
 * apostrophes, single spaces.
 *
 * @param contractions from a word as it may be typed to its full spelling
 */
export function processDigitArticle(answer: string, contractions = CONTRACTION_SPELLINGS): string {
  return splitAtWhitespace(answer.toLowerCase())
    .map((word) => NUMBER_WORDS.get(word) ?? word)
    .filter((word) => !ARTICLES.has(word))
    .map((word) => contractions.get(word) ?? word)
    .join(' ');
}

/**
 * Punctuation, then numbers and articles: done to all answers of a question whose annotators disagree.
 *
 * @param contractions as of {@link processDigitArticle}
 */
export function normalizeVqaAnswer(answer: string, contractions = CONTRACTION_SPELLINGS): string {
  return processDigitArticle(processPunctuation(cleanVqaAnswer(answer)), contractions);
}
