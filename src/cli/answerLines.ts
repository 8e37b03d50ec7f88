/** @file Answers with their probabilities, as commands print them. */

import { formatPercent } from '../formats/numbers.js';
import type { RankedAnswer } from '../tasks/index.js';
import type { View } from './terminal/look.js';

/** A line for each, with a bar on a terminal. A choice has its part of all choices, and what the model gives it by itself. */
export function answerLines(answers: readonly RankedAnswer[], view: View): string[] {
  return answers.map(({ answer, probability, share, isKnown }) => {
    if (isKnown === false) return `${'-'.padStart(7)}  ${answer} (not among the model's answers)`;
    const own = share === undefined ? '' : ` (${formatPercent(probability, 1)} among all answers)`;
    const shown = share ?? probability;
    return `${formatPercent(shown, 1).padStart(7)}  ${view.bar(shown)}${answer}${own}`;
  });
}
