/** @file GQA's distribution metric: how far predicted answers are spread like the true ones. */

/** How often each answer occurs in each group of questions. */
export class AnswerHistogram {
  readonly groups = new Map<string, Map<string, number>>();

  add(group: string, answer: string): void {
    let counts = this.groups.get(group);
    if (counts === undefined) {
      counts = new Map();
      this.groups.set(group, counts);
    }
    counts.set(answer, (counts.get(answer) ?? 0) + 1);
  }

  count(group: string, answer: string): number {
    return this.groups.get(group)?.get(answer) ?? 0;
  }
}

/**
 * The official distribution score (lower is better, 0 for equal counts): in each group, the chi-square statistic of
 * predicted against true counts, the sum of (predicted - true)^2 / true over the *true* answers; the mean over the
 * groups, weighted by their numbers of questions; divided by 100 (`eval.py` of GQA).
 *
 * @returns null without any group
 */
export function distributionScore(gold: AnswerHistogram, predicted: AnswerHistogram): number | null {
  let weightedSum = 0;
  let numQuestions = 0;
  for (const [group, counts] of gold.groups) {
    let chiSquare = 0;
    let size = 0;
    for (const [answer, expected] of counts) {
      chiSquare += (predicted.count(group, answer) - expected) ** 2 / expected;
      size += expected;
    }
    weightedSum += chiSquare * size;
    numQuestions += size;
  }
  return numQuestions === 0 ? null : weightedSum / numQuestions / 100;
}
