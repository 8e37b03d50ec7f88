/**
 * @file Non-maximum suppression in plain TypeScript, for whoever has no libtorch. `nativeSuppression.ts` is its twin, equal
 * to it in every number and several times as fast in many classes.
 */

const { fround } = Math;

/** When a box goes for a better one's sake. */
export interface SuppressionRule {
  /** Intersection over union, a float32 quotient that is held against this double. */
  readonly overlap: number;
  /** An overlap of just this much counts too. */
  readonly suppressEqual: boolean;
  /** Both ends of a side belong to it: its length is their difference + 1. */
  readonly bothEnds: boolean;
}

/** What the rules for regions need of suppression. */
export interface Suppression {
  /**
   * Numbers of the boxes (n, 4) that suppression by their scores leaves, best first, the earlier first among equals; at
   * most `maxKept`.
   */
  suppressed(
    boxes: Float32Array,
    scores: Float32Array,
    rule: SuppressionRule & { readonly maxKept: number },
  ): number[];
  /**
   * For each box (n, 4) the largest of its probabilities (n, classes) in the classes whose own suppression it survives, the
   * first class left out; 0 where it survives in none. Both ends of sides count, and an overlap at the limit.
   */
  survivingConfidence(boxes: Float32Array, probabilities: Float32Array, overlap: number): Float32Array;
}

/** The rule of the original, of every class by itself. */
export const EACH_CLASS = { suppressEqual: true, bothEnds: true } as const;
/** Above the number of boxes: a score's key and a box's number share a double's 53 bits. */
const MOST_BOXES = 2 ** 20;

export const portableSuppression: Suppression = {
  suppressed(boxes, scores, rule) {
    const isTooClose = overlapTest(boxes, rule);
    const kept: number[] = [];
    for (const candidate of descending(scores)) {
      if (kept.length >= rule.maxKept) break;
      let isGone = false;
      for (let k = 0; k < kept.length && !isGone; k++) isGone = isTooClose(kept[k] as number, candidate);
      if (!isGone) kept.push(candidate);
    }
    return kept;
  },

  survivingConfidence(boxes, probabilities, overlap) {
    const numBoxes = boxes.length / 4;
    const best = new Float32Array(numBoxes);
    if (numBoxes === 0) return best;
    const numClasses = probabilities.length / numBoxes;
    const neighbours = closeNeighbours(boxes, { overlap, ...EACH_CLASS });
    const column = new Float32Array(numBoxes);
    const isGone = new Uint8Array(numBoxes);
    for (let each = 1; each < numClasses; each++) {
      for (let box = 0; box < numBoxes; box++) column[box] = probabilities[box * numClasses + each] as number;
      isGone.fill(0);
      for (const box of descending(column)) {
        if (isGone[box] === 1) continue;
        if ((column[box] as number) > (best[box] as number)) best[box] = column[box] as number;
        for (const other of neighbours[box] as Uint32Array) isGone[other] = 1;
      }
    }
    return best;
  },
};

/** Whether two boxes, by their numbers, overlap too much; in float32 with a rounding after every step. */
function overlapTest(
  boxes: Float32Array,
  { overlap, suppressEqual, bothEnds }: SuppressionRule,
): (a: number, b: number) => boolean {
  const added = bothEnds ? 1 : 0;
  const length = (low: number, high: number): number => fround(fround(high - low) + added);
  const areas = new Float32Array(boxes.length / 4);
  for (let i = 0, at = 0; i < areas.length; i++, at += 4) {
    const width = length(boxes[at] as number, boxes[at + 2] as number);
    areas[i] = width * length(boxes[at + 1] as number, boxes[at + 3] as number);
  }
  /** Of what two boxes share along an axis, by where its ends stand in `boxes`. */
  const shared = (a: number, b: number): number => {
    const [lowA, lowB] = [boxes[a] as number, boxes[b] as number];
    const [highA, highB] = [boxes[a + 2] as number, boxes[b + 2] as number];
    return length(Math.max(lowA, lowB), Math.min(highA, highB));
  };
  return (a, b) => {
    const width = shared(4 * a, 4 * b);
    const height = width > 0 ? shared(4 * a + 1, 4 * b + 1) : 0;
    // Nothing shared is an overlap of 0, and of boxes without area none at all.
    const area = width > 0 && height > 0 ? fround(width * height) : 0;
    const both = fround(fround((areas[a] as number) + (areas[b] as number)) - area);
    const quotient = fround(area / both);
    return suppressEqual ? quotient >= overlap : quotient > overlap;
  };
}

/** For each box the numbers of those that overlap it too much. */
export function closeNeighbours(boxes: Float32Array, rule: SuppressionRule): Uint32Array[] {
  const numBoxes = boxes.length / 4;
  const isTooClose = overlapTest(boxes, rule);
  const lists = Array.from({ length: numBoxes }, (): number[] => []);
  for (let a = 0; a < numBoxes; a++) {
    for (let b = a + 1; b < numBoxes; b++) {
      if (!isTooClose(a, b)) continue;
      (lists[a] as number[]).push(b);
      (lists[b] as number[]).push(a);
    }
  }
  return lists.map((list) => Uint32Array.from(list));
}

/** Numbers of scores, the largest first, the earlier first among equals: a sort of numbers, without a comparison to call. */
export function descending(scores: Float32Array): Uint32Array {
  if (scores.length > MOST_BOXES) throw new Error(`${scores.length} scores are more than can be ordered.`);
  const bits = new Uint32Array(Float32Array.from(scores).buffer);
  const keys = new Float64Array(scores.length);
  for (let i = 0; i < keys.length; i++) {
    // 0 and -0 are equal scores.
    const own = scores[i] === 0 ? 0 : (bits[i] as number);
    // Positive numbers ascend with their bits, negative ones descend.
    const ascending = own >= 0x8000_0000 ? 0xffff_ffff - own : own + 0x8000_0000;
    keys[i] = (0xffff_ffff - ascending) * MOST_BOXES + i;
  }
  keys.sort();
  const order = new Uint32Array(keys.length);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as number;
    order[i] = key - Math.floor(key / MOST_BOXES) * MOST_BOXES;
  }
  return order;
}
