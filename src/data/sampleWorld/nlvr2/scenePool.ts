/** @file The appearances of a split's objects, small enough to keep for every picture. */

import type { SampleSize } from '../palette.js';
import type { ColorShape } from '../scene.js';
import type { SampleSplit, SceneSource } from '../sceneSource.js';

export interface Appearance extends ColorShape {
  readonly size: SampleSize;
}

/** What stands in a picture, without places. */
export interface SceneAppearances {
  readonly imageId: string;
  readonly appearances: readonly Appearance[];
}

/** Statements about pairs need any two pictures at once; equal appearances are one object, about 100 bytes a picture. */
export function scenePool(source: SceneSource, split: SampleSplit, signal?: AbortSignal): SceneAppearances[] {
  const known = new Map<string, Appearance>();
  return Array.from({ length: source.numImages[split] }, (_, i) => {
    signal?.throwIfAborted();
    const { imageId, objects } = source.scene(split, i);
    const appearances = objects.map(({ color, shape, size }) => {
      const key = `${color} ${shape} ${size}`;
      const appearance = known.get(key) ?? { color, shape, size };
      known.set(key, appearance);
      return appearance;
    });
    return { imageId, appearances };
  });
}
