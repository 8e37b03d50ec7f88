/** @file What stands in a scene: objects drawn at random under the rules of a world. */

import { LxmertError } from '../../common/errors.js';
import type { Random } from '../../common/random.js';
import { RADIUS_SHARE, type SampleShape, type SampleSize } from './palette.js';
import { shapeBounds } from './shapes.js';

/** One object; lengths in pixels from the top left corner of the picture. */
export interface SceneObject {
  readonly shape: SampleShape;
  readonly color: string;
  readonly size: SampleSize;
  readonly centerX: number;
  readonly centerY: number;
  readonly radius: number;
  /** Radians, clockwise on the picture. */
  readonly rotation: number;
  /** x1, y1, x2, y2 of the drawn outline. */
  readonly box: readonly [number, number, number, number];
}

/** What an object of a scene has that can be asked for in a word. */
export type Attribute = 'color' | 'shape' | 'size';

/** Everything needed to draw the picture again. */
export interface Scene {
  readonly imageId: string;
  readonly width: number;
  readonly height: number;
  /** Seed of background, shading and noise. */
  readonly textureSeed: number;
  readonly objects: readonly SceneObject[];
}

/** A color with a shape, the unit that the held-out split keeps from training. */
export interface ColorShape {
  readonly color: string;
  readonly shape: SampleShape;
}

export interface SceneRules {
  readonly width: number;
  readonly height: number;
  readonly minObjects: number;
  readonly maxObjects: number;
  readonly sizes: readonly SampleSize[];
  /** The pairs an object may have. */
  readonly pairs: readonly ColorShape[];
  /** When given, at least one object of every scene, and about half of all, has one of these pairs. */
  readonly favouredPairs?: readonly ColorShape[];
  /** Chance that an object takes the color or the shape of an earlier one: makes counting and comparing worthwhile. */
  readonly repeatChance: number;
}

/** Free pixels kept between the outlines of two objects, and between an object and the border. */
const GAP = 4;
/** Turning by at most this much (radians) keeps a square from looking like a diamond. */
const MAX_ROTATION = 0.3;

/** Draws the objects of one scene. */
export function drawScene(imageId: string, rules: SceneRules, random: Random): Scene {
  const textureSeed = random.uint32();
  const numObjects = rules.minObjects + random.integer(rules.maxObjects - rules.minObjects + 1);
  const appearances = drawAppearances(numObjects, rules, random);
  // A crowded draw may leave no room for the last object: start over with new places for the same appearances.
  for (let attempt = 0; attempt < 200; attempt++) {
    const objects = placeObjects(appearances, rules, random);
    if (objects !== undefined) {
      return { imageId, width: rules.width, height: rules.height, textureSeed, objects };
    }
  }
  throw new LxmertError(
    `No room was found for ${numObjects} objects in a picture of ${rules.width} x ${rules.height} pixels. ` +
      'Choose fewer objects or a picture nearer to a square.',
  );
}

interface Appearance extends ColorShape {
  readonly size: SampleSize;
}

function drawAppearances(numObjects: number, rules: SceneRules, random: Random): Appearance[] {
  const appearances: Appearance[] = [];
  for (let i = 0; i < numObjects; i++) {
    const size = random.pick(rules.sizes);
    const favoured = rules.favouredPairs;
    const pairs = favoured && (i === 0 || random.uniform() < 0.4) ? favoured : rules.pairs;
    let candidates = pairs;
    if (i > 0 && random.uniform() < rules.repeatChance) {
      const earlier = appearances[random.integer(i)] as Appearance;
      const byColor = random.uniform() < 0.5;
      candidates = pairs.filter((pair) =>
        byColor ? pair.color === earlier.color : pair.shape === earlier.shape,
      );
    }
    appearances.push({ ...random.pick(candidates.length > 0 ? candidates : pairs), size });
  }
  return appearances;
}

function placeObjects(
  appearances: readonly Appearance[],
  rules: SceneRules,
  random: Random,
): SceneObject[] | undefined {
  const shorter = Math.min(rules.width, rules.height);
  const objects: SceneObject[] = [];
  for (const appearance of appearances) {
    const [least, most] = RADIUS_SHARE[appearance.size];
    const radius = shorter * (least + (most - least) * random.uniform());
    const rotation = (random.uniform() * 2 - 1) * MAX_ROTATION;
    const bounds = shapeBounds(appearance.shape, radius, rotation);
    let placed: SceneObject | undefined;
    for (let attempt = 0; attempt < 30 && placed === undefined; attempt++) {
      const centerX = GAP - bounds[0] + random.uniform() * (rules.width - 2 * GAP - bounds[2] + bounds[0]);
      const centerY = GAP - bounds[1] + random.uniform() * (rules.height - 2 * GAP - bounds[3] + bounds[1]);
      const box = [
        centerX + bounds[0],
        centerY + bounds[1],
        centerX + bounds[2],
        centerY + bounds[3],
      ] as const;
      if (objects.every((other) => apart(box, other.box))) {
        placed = { ...appearance, centerX, centerY, radius, rotation, box };
      }
    }
    if (placed === undefined) return undefined;
    objects.push(placed);
  }
  return objects;
}

function apart(a: SceneObject['box'], b: SceneObject['box']): boolean {
  return a[0] - b[2] >= GAP || b[0] - a[2] >= GAP || a[1] - b[3] >= GAP || b[1] - a[3] >= GAP;
}
