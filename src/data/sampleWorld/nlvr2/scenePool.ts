/** @file The looks of a split's objects, small enough to keep for every picture. */

import type { SampleSize } from '../palette.js';
import type { ColorShape } from '../scene.js';
import type { SampleSplit, SceneSource } from '../sceneSource.js';

export interface Look extends ColorShape {
  readonly size: SampleSize;
}

/** What stands in a picture, without places. */
export interface SceneLooks {
  readonly imageId: string;
  readonly looks: readonly Look[];
}

/** Statements about pairs need any two pictures at once; equal looks are one object, about 100 bytes a picture. */
export function scenePool(source: SceneSource, split: SampleSplit, signal?: AbortSignal): SceneLooks[] {
  const known = new Map<string, Look>();
  return Array.from({ length: source.numImages[split] }, (_, i) => {
    signal?.throwIfAborted();
    const { imageId, objects } = source.scene(split, i);
    const looks = objects.map(({ color, shape, size }) => {
      const key = `${color} ${shape} ${size}`;
      const look = known.get(key) ?? { color, shape, size };
      known.set(key, look);
      return look;
    });
    return { imageId, looks };
  });
}
