/** @file How far boxes reach in their pictures, which tells their unit. */

import { type BoxForm, type PictureBoxes, toPixelCorners } from './boxForms.js';

/** The largest x and y of any box, as shares of its picture's width and height. */
export interface BoxReach {
  readonly x: number;
  readonly y: number;
}

export function reachOf({ boxes, width, height }: PictureBoxes): BoxReach {
  let [x, y] = [0, 0];
  for (let at = 0; at < boxes.length; at += 4) {
    x = Math.max(x, boxes[at + 2] as number);
    y = Math.max(y, boxes[at + 3] as number);
  }
  return { x: x / width, y: y / height };
}

export function joinReach(a: BoxReach, b: BoxReach): BoxReach {
  return { x: Math.max(a.x, b.x), y: Math.max(a.y, b.y) };
}

/** `reach 99.9 % of the width and 100 % of the height of their pictures`. */
export function formatReach({ x, y }: BoxReach): string {
  const percent = (share: number) => `${Number((100 * share).toPrecision(3))} %`;
  return `reach ${percent(x)} of the width and ${percent(y)} of the height of their pictures`;
}

/** Pictures and boxes of each from which on their reach tells something. */
const ENOUGH = { pictures: 4, boxes: 10 };
/** Detectors find something near the edges of nearly every picture. */
const LEAST_REACH = 0.7;

/** A phrase where the boxes of all pictures end far from their edges, as those of smaller copies do. */
export function reachNotesOf(all: readonly PictureBoxes[], form: BoxForm): string[] {
  const pictures = all.filter(({ boxes }) => boxes.length >= 4 * ENOUGH.boxes);
  if (pictures.length < ENOUGH.pictures) return [];
  const reach = pictures
    .map((given) => reachOf({ ...given, boxes: toPixelCorners(given, form) }))
    .reduce(joinReach);
  return Math.max(reach.x, reach.y) < LEAST_REACH
    ? [
        `boxes ${formatReach(reach)}, as boxes of smaller copies would: are the sizes those of the same pictures?`,
      ]
    : [];
}
