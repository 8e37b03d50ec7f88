/**
 * @file Exact outputs of the regions that a picture's row takes, and estimates of the others: every region's first grid says
 * about how probable its classes are, and only those that might be chosen go on.
 */

import type { RefinableRegions } from '../describeRegions.js';
import type { CaffeProfile } from '../profiles.js';
import { closeNeighbours, descending, EACH_CLASS, type Suppression } from '../suppression.js';
import { unscaleBoxes } from './caffeBoxes.js';
import { decisiveConfidence, undecidedRegions } from './undecidedRegions.js';

/** Estimates are taken to be right within so many times the largest error that was seen. */
const SAFETY = 2;
/** Every so many proposals one is computed exactly, whatever its estimate says: errors are not only those of the best. */
const PROBE_DISTANCE = 30;
/** Of the undecided regions, those that might be best are refined first: what they suppress need not be. */
const SHARE_AT_ONCE = 0.5;
const FEWEST_AT_ONCE = 32;
/** Errors count of classes whose odds reach this share of those that decide, in the estimate or exactly. */
const SHARE_OF_DECISIVE = 0.25;

/**
 * Refines a picture's regions until `chooseRegions` must take the same of them, with the same confidences, as of exact
 * outputs. How wrong estimates may be is learned from the regions that are computed exactly: when a larger error is seen,
 * all are held against it anew, in the end until all are exact.
 *
 * @param scale pixels of the scaled picture for one of the original
 */
export function describeChosen(
  regions: RefinableRegions,
  scale: number,
  profile: CaffeProfile,
  suppression: Suppression,
): void {
  const { outputs, all, numLevels } = regions;
  const { numRegions } = outputs;
  if (numRegions <= profile.maxBoxes || numLevels === 1) {
    regions.refine(all, numLevels);
    return;
  }
  const boxes = unscaleBoxes(outputs.boxes, scale);
  const confidences = (): Float32Array =>
    suppression.survivingConfidence(boxes, outputs.classProbabilities, profile.overlap);
  const neighbours = closeNeighbours(boxes, { overlap: profile.overlap, ...EACH_CLASS });
  const estimates = new OddsByLevel(regions);
  estimates.refine(all);
  if (outputs.classProbabilities.some(Number.isNaN)) {
    regions.refine(all, numLevels);
    return;
  }
  // The second estimate of some more says better which are the best.
  estimates.refine(firstToCompute(confidences(), Math.ceil(1.5 * profile.maxBoxes)));
  estimates.refineFully(firstToCompute(confidences(), profile.maxBoxes + 1));
  for (;;) {
    const confidence = confidences();
    const threshold = decisiveConfidence(confidence, profile);
    const isExact = (region: number): boolean => regions.levels[region] === numLevels;
    const likely = all.filter((region) => !isExact(region) && (confidence[region] as number) >= threshold);
    if (likely.length > 0) {
      estimates.refineFully(likely);
      continue;
    }
    const bounded = { probabilities: outputs.classProbabilities, ...estimates.bounds(threshold), neighbours };
    let undecided = undecidedRegions(bounded, threshold);
    if (undecided.length === 0) {
      // What estimates reached may not hold: the exact regions alone must reach it.
      const exact = confidence.map((value, region) => (isExact(region) ? value : 0));
      undecided = undecidedRegions(bounded, Math.min(threshold, decisiveConfidence(exact, profile)));
    }
    if (undecided.length === 0) return;
    estimates.refine(
      undecided.slice(0, Math.max(FEWEST_AT_ONCE, Math.ceil(undecided.length * SHARE_AT_ONCE))),
    );
  }
}

/** The most confident, and probes. */
function firstToCompute(confidence: Float32Array, numBest: number): number[] {
  const best = descending(confidence).subarray(0, numBest);
  const probes = Array.from(confidence.keys()).filter((region) => region % PROBE_DISTANCE === 0);
  return [...new Set([...best, ...probes])].sort((a, b) => a - b);
}

/** Regions' odds at the levels that they have passed. */
class OddsByLevel {
  readonly #regions: RefinableRegions;
  /** Of each level (numRegions, classes); what a region has not passed is 0. */
  readonly #odds: Float64Array[];
  readonly #latest: Float64Array;
  readonly #numClasses: number;

  constructor(regions: RefinableRegions) {
    this.#regions = regions;
    const { classProbabilities, numRegions } = regions.outputs;
    this.#odds = Array.from({ length: regions.numLevels }, () => new Float64Array(classProbabilities.length));
    this.#latest = new Float64Array(classProbabilities.length);
    this.#numClasses = classProbabilities.length / numRegions;
  }

  /** By one level each. */
  refine(regions: readonly number[]): void {
    const { levels, numLevels } = this.#regions;
    for (let level = numLevels - 1; level >= 0; level--) {
      const own = regions.filter((region) => levels[region] === level);
      if (own.length > 0) this.#set(own, level + 1, this.#regions.refine(own, level + 1));
    }
  }

  refineFully(regions: readonly number[]): void {
    for (let level = 1; level < this.#regions.numLevels; level++) this.refine(regions);
  }

  /** The latest odds, and the factor within which those of a region's level are taken to be right. */
  bounds(threshold: number): { odds: Float64Array; factors: Float64Array } {
    const { levels, numLevels } = this.#regions;
    const leastOdds = (SHARE_OF_DECISIVE * threshold) / Math.max(1 - threshold, Number.EPSILON);
    const ofLevel = this.#odds.map((_, i) =>
      i + 1 === numLevels ? 1 : Math.exp(SAFETY * this.#largestError(i, leastOdds)),
    );
    return {
      odds: this.#latest,
      factors: Float64Array.from(levels, (level) => ofLevel[level - 1] as number),
    };
  }

  #set(regions: readonly number[], level: number, logits: Float32Array): void {
    const size = this.#numClasses;
    const odds = this.#odds[level - 1] as Float64Array;
    for (const [i, region] of regions.entries()) {
      const own = odds.subarray(region * size, (region + 1) * size);
      writeOdds(logits.subarray(i * size, (i + 1) * size), own);
      this.#latest.set(own, region * size);
    }
  }

  /** The largest difference of log odds between a level and the last, over regions that have passed both. */
  #largestError(level: number, leastOdds: number): number {
    const { all, levels, numLevels } = this.#regions;
    const [estimated, exact] = [this.#odds[level] as Float64Array, this.#odds.at(-1) as Float64Array];
    let largest = 0;
    for (const region of all) {
      if (levels[region] !== numLevels) continue;
      for (let i = region * this.#numClasses; i < (region + 1) * this.#numClasses; i++) {
        const [a, b] = [estimated[i] as number, exact[i] as number];
        if (a < leastOdds && b < leastOdds) continue;
        largest = Math.max(largest, Math.abs(Math.log(a / b)));
      }
    }
    return largest;
  }
}

/** p / (1 - p) of each class after a softmax, also where p rounds to 1: (classes) each. */
function writeOdds(logits: Float32Array, odds: Float64Array): void {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if ((logits[i] as number) > (logits[best] as number)) best = i;
  const most = logits[best] as number;
  let others = 0;
  for (let i = 0; i < logits.length; i++) {
    const share = Math.exp((logits[i] as number) - most);
    odds[i] = share;
    if (i !== best) others += share;
  }
  for (let i = 0; i < odds.length; i++) {
    const share = odds[i] as number;
    odds[i] = i === best ? 1 / others : share / (1 - share + others);
  }
}
