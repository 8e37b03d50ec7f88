/** @file The official score of a direct answer of A-OKVQA. */

/** As many annotators as give an answer its whole score. */
const NUM_AGREEING = 3;

/**
 * How right a direct answer is, 0 to 1: the annotators who gave it, letter by letter, divided by 3, at most 1. Unlike VQA's
 * rule none is left out, and nothing is normalised.
 */
export function directAnswerScore(answer: string, directAnswers: readonly string[]): number {
  const numMatches = directAnswers.filter((each) => each === answer).length;
  return Math.min(1, numMatches / NUM_AGREEING);
}
