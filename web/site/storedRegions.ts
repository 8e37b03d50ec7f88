/** @file Regions as the model reads them, from those that a site brings along. */

import type { StoredRegions } from '../../src/export/site/description.js';
import type { ImageRegions } from '../../src/runtime/index.js';

/** What the model reads. */
export function rowOf(stored: StoredRegions, imageId: string): ImageRegions['row'] {
  const bytes = Uint8Array.from(atob(stored.features), (letter) => letter.charCodeAt(0));
  return {
    imageId,
    width: stored.width,
    height: stored.height,
    numBoxes: stored.boxes.length,
    boxes: Float32Array.from(stored.boxes.flat()),
    objectsId: BigInt64Array.from(stored.objectsId.map(BigInt)),
    objectsConf: Float32Array.from(stored.objectsConf),
    attrsId: BigInt64Array.from(stored.attrsId.map(BigInt)),
    attrsConf: Float32Array.from(stored.attrsConf),
    features: new Float32Array(bytes.buffer),
  };
}
