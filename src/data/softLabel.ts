/** @file Soft labels from what several annotators answered: VQA's rule, for any number of annotators. */

/** So many others must have given an answer for it to be wholly right. */
const NUM_AGREEING = 3;

/**
 * How right an answer is that `numGave` of a question's `numAnnotators` gave, 0 to 1.
 *
 * With four annotators or more by the definition of the VQA evaluation: each annotator is left out once, the others who
 * gave the answer are divided by 3 and count at most 1, and the mean is taken. Ten give 0.3, 0.6, 0.9 and 1, the only
 * values of the reference's files (checked on 3,303 published questions); five give 0.27, 0.53, 0.8 and 1.
 *
 * With three or fewer there are never three others, so that not even an answer of all would be right. There the score is
 * the share of the annotators who gave it: 1/3, 2/3 and 1 of three, 1/2 and 1 of two, 1 of one.
 */
export function softScore(numGave: number, numAnnotators: number): number {
  if (numGave === 0) return 0;
  if (numAnnotators <= NUM_AGREEING) return numGave / numAnnotators;
  // In whole numbers with one division at the end, so that 0.3, 0.6 and 0.9 are these very numbers.
  const withoutOthers = (numAnnotators - numGave) * Math.min(NUM_AGREEING, numGave);
  const withoutGivers = numGave * Math.min(NUM_AGREEING, numGave - 1);
  return (withoutOthers + withoutGivers) / (NUM_AGREEING * numAnnotators);
}

/**
 * Every answer that some annotator gave, with its {@link softScore}, in the order in which they were first given. Answers
 * are counted as they are spelled, not normalised.
 */
export function softLabel(answers: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return new Map([...counts].map(([answer, count]) => [answer, softScore(count, answers.length)]));
}

/**
 * The rule for questions with `numAnnotators` answers in words, with scores to two places: "of 5 answers, one that 1, 2, 3
 * gave scores 0.27, 0.53, 0.8, from 4 on 1".
 */
export function softScoreRule(numAnnotators: number): string {
  if (numAnnotators === 0) return 'no answer, so that none is right';
  if (numAnnotators === 1) return 'the one answer scores 1';
  let whole = 1;
  while (softScore(whole, numAnnotators) < 1) whole++;
  const counts = Array.from({ length: whole - 1 }, (_, i) => i + 1);
  const scores = counts.map((count) => String(Number(softScore(count, numAnnotators).toFixed(2))));
  return `of ${numAnnotators} answers, one that ${counts.join(', ')} gave scores ${scores.join(', ')}, from ${whole} on 1`;
}
