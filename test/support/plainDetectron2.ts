/**
 * @file The PyTorch ports' rules for boxes in plain loops over doubles, written from their description: the truth for
 * src/vision/detector/port/.
 */

import type { RegionOutputs } from '../../src/vision/detector/labelledRegions.js';
import { type PlainBox, plainSuppression } from './plainDetection.js';

const LIMIT = Math.log(1000 / 16);

/** Anchors of sides 64 to 512, areas exact, by ratio and then by size. */
const ANCHORS = [0.5, 1, 2].flatMap((ratio) =>
  [64, 128, 256, 512].map((size) => {
    const width = size / Math.sqrt(ratio);
    return [width, width * ratio] as const;
  }),
);

function move(box: PlainBox, [dx, dy, dw, dh]: readonly number[]): PlainBox {
  const [width, height] = [box[2] - box[0], box[3] - box[1]];
  const [x, y] = [box[0] + width / 2 + dx! * width, box[1] + height / 2 + dy! * height];
  const halfWidth = (Math.exp(Math.min(dw!, LIMIT)) * width) / 2;
  const halfHeight = (Math.exp(Math.min(dh!, LIMIT)) * height) / 2;
  return [x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight];
}

function clip(box: PlainBox, height: number, width: number): PlainBox {
  const within = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
  return [within(box[0], width), within(box[1], height), within(box[2], width), within(box[3], height)];
}

/** @param logits of the object for an anchor at a cell; deltas likewise */
export function plainDetectron2Proposals(
  [rows, columns]: readonly [number, number],
  logits: (anchor: number, y: number, x: number) => number,
  deltas: (anchor: number, y: number, x: number) => readonly number[],
  [height, width]: readonly [number, number],
): PlainBox[] {
  const all: { logit: number; box: PlainBox }[] = [];
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      ANCHORS.forEach(([w, h], anchor) => {
        const placed: PlainBox = [16 * x - w / 2, 16 * y - h / 2, 16 * x + w / 2, 16 * y + h / 2];
        all.push({
          logit: logits(anchor, y, x),
          box: clip(move(placed, deltas(anchor, y, x)), height, width),
        });
      });
    }
  }
  all.sort((a, b) => b.logit - a.logit);
  const best = all.slice(0, 6000).filter(({ box }) => box[2] > box[0] && box[3] > box[1]);
  const boxes = best.map(({ box }) => box);
  const scores = best.map(({ logit }) => logit);
  return plainSuppression(boxes, scores, 0.7, false, false)
    .slice(0, 300)
    .map((i) => boxes[i]!);
}

export interface PlainPortRow {
  readonly threshold: number;
  readonly regions: readonly number[];
  readonly boxes: readonly PlainBox[];
  readonly objects: readonly number[];
}

export function plainDetectron2Row(
  outputs: RegionOutputs,
  input: readonly [number, number],
  picture: readonly [number, number],
  minBoxes: number,
  maxBoxes: number,
): PlainPortRow {
  const numClasses = outputs.classProbabilities.length / outputs.numRegions;
  const regions = Array.from({ length: outputs.numRegions }, (_, region) => {
    const row = [...outputs.classProbabilities.subarray(region * numClasses, (region + 1) * numClasses)];
    const object = row.slice(1).indexOf(Math.max(...row.slice(1)));
    const at = (region * numClasses + object + 1) * 4;
    const [dx, dy, dw, dh] = outputs.boxDeltas!.subarray(at, at + 4);
    const proposal = [...outputs.boxes.subarray(4 * region, 4 * region + 4)] as unknown as PlainBox;
    const box = clip(move(proposal, [dx! / 10, dy! / 10, dw! / 5, dh! / 5]), ...input);
    return { object, score: row[object + 1]!, box };
  });
  const boxes = regions.map(({ box }) => box);
  const scores = regions.map(({ score }) => score);
  for (let i = 3; ; i++) {
    const kept = plainSuppression(boxes, scores, i / 10, false, false);
    if (kept.length < minBoxes && i < 9) continue;
    const chosen = kept.slice(0, maxBoxes);
    return {
      threshold: i / 10,
      regions: chosen,
      objects: chosen.map((region) => regions[region]!.object),
      boxes: chosen.map((region) => {
        const [x1, y1, x2, y2] = boxes[region]!;
        const [across, down] = [picture[1] / input[1], picture[0] / input[0]];
        return [x1 * across, y1 * down, x2 * across, y2 * down];
      }),
    };
  }
}
