/** @file How well scores tell the examples of a class from the others: average precision, and F1 of a threshold. */

/** What was predicted of an example, and what is true. */
export interface BinaryDecision {
  /** The higher, the surer that the example is of the class. */
  readonly score: number;
  readonly isPositive: boolean;
}

/**
 * The mean of the precisions at each score, weighted by the recall that it adds: sum of (R_n - R_(n-1)) P_n over the
 * different scores from high to low. Examples with one and the same score are taken together, so that their order does
 * not matter; nothing is interpolated. This is scikit-learn's `average_precision_score`.
 *
 * @returns 0 to 1; null without an example of the class, where recall means nothing
 */
export function averagePrecision(decisions: readonly BinaryDecision[]): number | null {
  const numPositives = decisions.filter(({ isPositive }) => isPositive).length;
  if (numPositives === 0) return null;
  const sorted = [...decisions].sort((a, b) => b.score - a.score);
  let sum = 0;
  let numFound = 0;
  let numNew = 0;
  for (const [i, { score, isPositive }] of sorted.entries()) {
    if (isPositive) numNew++;
    if (sorted[i + 1]?.score === score) continue;
    numFound += numNew;
    sum += (numNew / numPositives) * (numFound / (i + 1));
    numNew = 0;
  }
  return sum;
}

/**
 * The harmonic mean of precision and recall where a score *above* the threshold says that an example is of the class.
 *
 * @returns 0 to 1; null without an example of the class
 */
export function f1Score(decisions: readonly BinaryDecision[], threshold = 0.5): number | null {
  let numRight = 0;
  let numPredicted = 0;
  let numPositives = 0;
  for (const { score, isPositive } of decisions) {
    const isPredicted = score > threshold;
    if (isPredicted) numPredicted++;
    if (isPositive) numPositives++;
    if (isPredicted && isPositive) numRight++;
  }
  return numPositives === 0 ? null : (2 * numRight) / (numPredicted + numPositives);
}
