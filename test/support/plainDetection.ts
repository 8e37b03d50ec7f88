/**
 * @file Non-maximum suppression and RoI max pooling in plain loops, the truth for the bridge's operators. Written from
 * the description of Caffe's layers, with a float32 rounding after every step.
 */

const { fround } = Math;

export type PlainBox = readonly [number, number, number, number];

/** Intersection over union, a side being x2 - x1 + 1 long, or without the 1. */
export function overlapOf(a: PlainBox, b: PlainBox, bothEnds = true): number {
  const length = (low: number, high: number): number => fround(fround(high - low) + (bothEnds ? 1 : 0));
  const area = (box: PlainBox): number => fround(length(box[0], box[2]) * length(box[1], box[3]));
  const width = Math.max(0, length(Math.max(a[0], b[0]), Math.min(a[2], b[2])));
  const height = Math.max(0, length(Math.max(a[1], b[1]), Math.min(a[3], b[3])));
  const shared = fround(width * height);
  return fround(shared / fround(fround(area(a) + area(b)) - shared));
}

/** Visits boxes by descending score, the earlier one first among equals, and strikes out what overlaps too much. */
export function plainSuppression(
  boxes: readonly PlainBox[],
  scores: ArrayLike<number>,
  threshold: number,
  suppressEqual: boolean,
  bothEnds = true,
): number[] {
  const order = boxes.map((_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b);
  const struck = new Set<number>();
  const kept: number[] = [];
  for (const winner of order) {
    if (struck.has(winner)) continue;
    kept.push(winner);
    for (const other of order) {
      if (other === winner) continue;
      const overlap = overlapOf(boxes[winner]!, boxes[other]!, bothEnds);
      if (suppressEqual ? overlap >= threshold : overlap > threshold) struck.add(other);
    }
  }
  return kept;
}

/** The largest probability of each box over the classes from 1 on in which it stays. */
export function plainSurvivingConfidence(
  boxes: readonly PlainBox[],
  probabilities: readonly Float32Array[],
  threshold: number,
): number[] {
  const best = boxes.map(() => 0);
  for (let c = 1; c < probabilities[0]!.length; c++) {
    const scores = probabilities.map((row) => row[c]!);
    for (const kept of plainSuppression(boxes, scores, threshold, true)) {
      best[kept] = Math.max(best[kept]!, scores[kept]!);
    }
  }
  return best;
}

/** map (C, H, W), boxes -> (boxes, C, size, size) */
export function plainRoiMaxPool(
  map: ArrayLike<number>,
  [channels, height, width]: readonly [number, number, number],
  boxes: readonly PlainBox[],
  scale: number,
  size: number,
): number[] {
  const awayFromZero = (value: number): number => Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
  const cells = (low: number, high: number, bin: number, limit: number): [number, number] => {
    const start = awayFromZero(fround(low * scale));
    const length = Math.max(awayFromZero(fround(high * scale)) - start + 1, 1);
    const share = fround(length / size);
    const clip = (value: number): number => Math.min(Math.max(value + start, 0), limit);
    return [clip(Math.floor(fround(bin * share))), clip(Math.ceil(fround((bin + 1) * share)))];
  };
  const pooled: number[] = [];
  for (const [x1, y1, x2, y2] of boxes) {
    for (let c = 0; c < channels; c++) {
      for (let row = 0; row < size; row++) {
        for (let column = 0; column < size; column++) {
          const [top, bottom] = cells(y1, y2, row, height);
          const [left, right] = cells(x1, x2, column, width);
          const values: number[] = [];
          for (let y = top; y < bottom; y++) {
            for (let x = left; x < right; x++) values.push(map[(c * height + y) * width + x]!);
          }
          pooled.push(values.length === 0 ? 0 : Math.max(...values));
        }
      }
    }
  }
  return pooled;
}
