/** @file Answers with their probabilities, as commands print them. */

import { formatPercent } from '../formats/numbers.js';
import type { RankedAnswer } from '../tasks/index.js';
import type { View } from './look.js';

/** A line for each, with a bar on a terminal. */
export function answerLines(answers: readonly RankedAnswer[], view: View): string[] {
  return answers.map(
    ({ answer, probability }) =>
      `${formatPercent(probability, 1).padStart(7)}  ${view.bar(probability)}${answer}`,
  );
}
