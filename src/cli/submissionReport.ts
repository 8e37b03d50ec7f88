/** @file What was found in a file of results for a test server, as text for a person. */

import { formatCount } from '../formats/numbers.js';
import type { SubmissionCheck } from '../tasks/submissions/index.js';

/** Lines on what the server would refuse, or that it would take the file. */
export function renderCheck({ results, numResults, problems, notes }: SubmissionCheck): string[] {
  return [
    ...problems.map(({ message }) => message),
    ...notes,
    problems.length === 0
      ? `${results}: ${formatCount(numResults, 'result')}, one for each question, in the form that the test server reads.`
      : `${results} would be refused, or scored as wrong, for ${formatCount(problems.length, 'reason')}.`,
  ];
}
