/** @file Where one object lies as seen from another, where nobody would doubt it. */

import type { Scene, SceneObject } from './scene.js';

/** Objects nearer than this share of the picture along the axis are not asked about: people would disagree. */
export const CLEAR_DISTANCE = 0.12;

/** One of four directions; `sign` is that of the coordinate's difference to what it is seen from. */
export interface Direction {
  readonly phrase: 'to the left of' | 'to the right of' | 'above' | 'below';
  readonly answer: 'left' | 'right' | 'above' | 'below';
  readonly axis: 'centerX' | 'centerY';
  readonly sign: -1 | 1;
}

/** Opposites stand side by side. */
export const DIRECTIONS: readonly Direction[] = [
  { phrase: 'to the left of', answer: 'left', axis: 'centerX', sign: -1 },
  { phrase: 'to the right of', answer: 'right', axis: 'centerX', sign: 1 },
  { phrase: 'above', answer: 'above', axis: 'centerY', sign: -1 },
  { phrase: 'below', answer: 'below', axis: 'centerY', sign: 1 },
];

/** The direction of `object` along an axis, seen from `anchor`; undefined where they are too close to tell. */
export function directionFrom(
  scene: Scene,
  axis: Direction['axis'],
  object: SceneObject,
  anchor: SceneObject,
): Direction | undefined {
  const distance = object[axis] - anchor[axis];
  if (Math.abs(distance) < CLEAR_DISTANCE * (axis === 'centerX' ? scene.width : scene.height))
    return undefined;
  const sign = Math.sign(distance);
  return DIRECTIONS.find((each) => each.axis === axis && each.sign === sign);
}

/**
 * Those of `objects` that lie in a direction from `anchor`.
 *
 * @returns undefined when one of them lies too close along the axis to tell
 */
export function objectsTowards(
  scene: Scene,
  direction: Direction,
  anchor: SceneObject,
  objects: readonly SceneObject[],
): SceneObject[] | undefined {
  const found: SceneObject[] = [];
  for (const object of objects) {
    if (object === anchor) continue;
    const seen = directionFrom(scene, direction.axis, object, anchor);
    if (seen === undefined) return undefined;
    if (seen === direction) found.push(object);
  }
  return found;
}
