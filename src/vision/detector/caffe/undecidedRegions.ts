/**
 * @file Which estimated regions an image's row could still depend on: suppression with probabilities that are known within
 * bounds, in three values (stays, goes, either).
 */

import type { CaffeProfile } from '../profiles.js';

/** What is known of the regions' probabilities. */
export interface BoundedProbabilities {
  /** (numRegions, classes), the background first; of the estimates where a region is estimated. */
  readonly probabilities: Float32Array;
  /** p / (1 - p) of each, where a probability rounds to 1 too. */
  readonly odds: Float64Array;
  /** For each region the factor within which its odds are right, both ways; 1 where they are exact. */
  readonly factors: Float64Array;
  /** For each region the numbers of those that overlap it too much. */
  readonly neighbours: readonly Uint32Array[];
}

/**
 * The confidence below which no region can change what {@link chooseRegions} takes. A region that is as good as the one
 * behind the last decides whether there are too many hits.
 */
export function decisiveConfidence(
  confidence: Float32Array,
  { minBoxes, maxBoxes, minConfidence }: CaffeProfile,
): number {
  const descending = Float32Array.from(confidence).sort().reverse();
  const beyond = descending[maxBoxes] ?? 0;
  return beyond >= minConfidence ? beyond : Math.min(descending[minBoxes - 1] ?? 0, minConfidence);
}

/**
 * Regions without exact probabilities that might reach a confidence of `threshold` in a class where they might stay, those
 * that might reach most first.
 *
 * Where there are none, suppression with any probabilities within the bounds gives the same regions confidences of
 * `threshold` and above, and the same ones: a class matters to a region only where its probability reaches the threshold,
 * and there whoever might suppress it is exact or surely gone.
 */
export function undecidedRegions(bounded: BoundedProbabilities, threshold: number): number[] {
  const { odds, factors } = bounded;
  const numRegions = factors.length;
  const numClasses = odds.length / Math.max(1, numRegions);
  // A little lower: the threshold is of a probability that was rounded to float32.
  const least = threshold * (1 - 2 ** -22);
  const leastOdds = factors.map((factor) => least / (1 - least) / factor);
  // (classes) of the regions that might reach it, found in the order in which odds lie in memory
  const ableBy: number[][] = Array.from({ length: numClasses }, () => []);
  for (let region = 0; region < numRegions; region++) {
    const own = odds.subarray(region * numClasses, (region + 1) * numClasses);
    const ownLeast = leastOdds[region] as number;
    for (let each = 1; each < numClasses; each++) {
      // Written so that what is not a number stays undecided.
      if (!((own[each] as number) < ownLeast)) (ableBy[each] as number[]).push(region);
    }
  }
  const most = new Map<number, number>();
  for (const [each, able] of ableBy.entries()) {
    if (able.every((region) => factors[region] === 1)) continue;
    const bounds = boundsOf(bounded, able, each);
    const gone = surelyGone(bounds, bounded.neighbours, threshold);
    for (const region of able) {
      if (factors[region] === 1 || gone[region] === 1) continue;
      most.set(region, Math.max(most.get(region) ?? 0, bounds.high[region] as number));
    }
  }
  return [...most].sort(([a, mostA], [b, mostB]) => mostB - mostA || a - b).map(([region]) => region);
}

/** Of the regions that might reach the threshold in a class, by their numbers; others are 0. */
interface ClassBounds {
  readonly able: readonly number[];
  readonly isAble: Uint8Array;
  /** In float32, as suppression compares them. */
  readonly low: Float32Array;
  readonly high: Float32Array;
  readonly isExact: Uint8Array;
}

function boundsOf(
  { probabilities, odds, factors }: BoundedProbabilities,
  able: readonly number[],
  each: number,
): ClassBounds {
  const numRegions = factors.length;
  const numClasses = odds.length / numRegions;
  const [low, high] = [new Float32Array(numRegions), new Float32Array(numRegions)];
  const [isAble, isExact] = [new Uint8Array(numRegions), new Uint8Array(numRegions)];
  const probabilityOf = (value: number): number => (value === Infinity ? 1 : value / (1 + value));
  for (const region of able) {
    const at = region * numClasses + each;
    const [own, factor] = [odds[at] as number, factors[region] as number];
    isAble[region] = 1;
    isExact[region] = factor === 1 ? 1 : 0;
    low[region] = factor === 1 ? (probabilities[at] as number) : probabilityOf(own / factor);
    high[region] = factor === 1 ? (probabilities[at] as number) : probabilityOf(own * factor);
  }
  return { able, isAble, low, high, isExact };
}

/** 1 for regions that a better one surely suppresses. */
function surelyGone(
  { able, isAble, low, high, isExact }: ClassBounds,
  neighbours: readonly Uint32Array[],
  threshold: number,
): Uint8Array {
  /** The earlier comes first among equals; an estimate is equal to nothing for sure. */
  const isSurelyBefore = (a: number, b: number): boolean => {
    const [leastA, mostB] = [low[a] as number, high[b] as number];
    return leastA > mostB || (leastA === mostB && a < b && isExact[a] === 1 && isExact[b] === 1);
  };
  const stays = new Uint8Array(low.length);
  const gone = new Uint8Array(low.length);
  // Who is not able cannot be before these.
  const mayStay = able.filter((region) => (low[region] as number) >= threshold);
  for (let hasChanged = true; hasChanged; ) {
    hasChanged = false;
    for (const region of mayStay) {
      if (stays[region] === 1 || gone[region] === 1) continue;
      const others = (neighbours[region] as Uint32Array).filter((other) => isAble[other] === 1);
      if (!others.every((other) => gone[other] === 1 || isSurelyBefore(region, other))) continue;
      stays[region] = 1;
      for (const other of others) if (isSurelyBefore(region, other)) gone[other] = 1;
      hasChanged = true;
    }
  }
  return gone;
}
