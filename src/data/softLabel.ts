/** @file Soft labels from what several annotators answered, by the rule of the reference's VQA files. */

/**
 * The soft score of an answer that `numAnnotators` of ten gave: 0.3, 0.6, 0.9, and 1 from four on.
 *
 * The reference's files hold no other values (checked on 3,303 published questions).
 */
export function softScore(numAnnotators: number): number {
  return [0, 0.3, 0.6, 0.9][numAnnotators] ?? 1;
}

/**
 * Every answer that some annotator gave, with its {@link softScore}, in the order in which they were first given. Answers
 * are counted as they are spelled, not normalised.
 */
export function softLabel(answers: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return new Map([...counts].map(([answer, count]) => [answer, softScore(count)]));
}
