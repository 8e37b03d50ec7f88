/** @file The size of a picture whose boxes are there both in pixels and as shares of its sides. */

import { LxmertError } from '../../common/errors.js';
import type { PictureSize } from './indexedRows.js';

/** How far rounding of either may lead from a whole number of pixels, as a share of it. */
const TOLERANCE = 1e-3;

/**
 * @param boxes (n, 4), corners in pixels
 * @param shares (n, 4), the same
 * @param names of both, for a message
 * @throws LxmertError, without file and place, where they are not the same boxes
 */
export function sizeBetween(
  boxes: Float32Array,
  shares: Float32Array,
  names: { readonly boxes: string; readonly shares: string },
): PictureSize {
  const side = (axis: 0 | 1): number => {
    let [pixels, share] = [0, 0];
    for (let at = axis; at < boxes.length; at += 2) {
      pixels += boxes[at] as number;
      share += shares[at] as number;
    }
    return Math.round(pixels / share);
  };
  const [width, height] = [side(0), side(1)];
  for (let at = 0; at < boxes.length; at++) {
    const size = at % 2 === 0 ? width : height;
    if (!(Math.abs((boxes[at] as number) - (shares[at] as number) * size) <= TOLERANCE * size))
      throw new LxmertError(
        `${names.boxes} and ${names.shares} should be the same boxes in pixels and as shares; number ${at} is ${boxes[at]} and ${shares[at]}.`,
      );
  }
  return { height, width };
}
