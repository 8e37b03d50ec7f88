/** @file The regions of a picture as a report draws them: boxes in pixels. */

import { LxmertError } from '../common/errors.js';
import type { FeatureStore } from '../features/index.js';
import { scope } from '../torch/index.js';
import type { ReportExample } from './runReport.js';

/**
 * Size and boxes of a picture in a feature store.
 *
 * @throws LxmertError when the store has no such picture
 */
export function pictureRegions(
  store: FeatureStore,
  imageId: string,
): Pick<ReportExample, 'width' | 'height' | 'boxes'> {
  return scope(() => {
    const { boxes, sizes } = store.gather([imageId]);
    const [size] = sizes;
    if (size === undefined)
      throw new LxmertError(`The picture '${imageId}' has no size in the feature store.`);
    const { width, height } = size;
    const corners = boxes.toFloat32Array(); // (1, regions, 4) in parts of width and height
    const at = (i: number): number => corners[i] ?? 0;
    return {
      width,
      height,
      boxes: Array.from({ length: corners.length / 4 }, (_, i) => ({
        x1: at(4 * i) * width,
        y1: at(4 * i + 1) * height,
        x2: at(4 * i + 2) * width,
        y2: at(4 * i + 3) * height,
      })),
    };
  });
}
