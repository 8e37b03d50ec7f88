/** @file The detector's input: a picture resized and with the means subtracted, color planes in BGR order. */

import { LxmertError } from '../../common/errors.js';
import type { RgbImage } from '../../common/rgbImage.js';
import { resizeCentred } from './preprocessOpenCv.js';
import { resizeAsPillow } from './preprocessPillow.js';
import {
  CAFFE_PREPROCESS_RULE,
  type ChannelMeans,
  detectorInputSize,
  type InputSize,
  type PreprocessRule,
} from './preprocessRule.js';

/** A picture as the detector takes it. */
export interface DetectorInput extends InputSize {
  /** (1, 3, height, width): blue, green, red planes. */
  readonly data: Float32Array;
  /** `im_info`, (1, 3): height, width, scale. */
  readonly imageInfo: Float32Array;
}

/**
 * Turns a picture into the detector's input by the rule of the features that a model was trained with.
 *
 * @throws LxmertError for a picture that {@link detectorInputSize} refuses or whose data has another length than its
 * size calls for.
 */
export function preprocessImage(
  image: RgbImage,
  rule: PreprocessRule = CAFFE_PREPROCESS_RULE,
): DetectorInput {
  const size = detectorInputSize(image.width, image.height, rule);
  if (image.data.length !== image.width * image.height * 3) {
    throw new LxmertError(
      `A picture of ${image.width} x ${image.height} pixels must have ${image.width * image.height * 3} bytes of RGB; ` +
        `it has ${image.data.length}.`,
    );
  }
  const data =
    rule.resampling === 'opencv'
      ? resizeCentred(image, size, rule.channelMeans)
      : centreResized(resizeAsPillow(image, size.width, size.height), rule.channelMeans);
  return { data, ...size, imageInfo: Float32Array.of(size.height, size.width, size.scale) };
}

/** (height, width, 3) bytes in RGB order to (3, height, width) float32 in BGR order, means subtracted in float32. */
function centreResized({ data, width, height }: RgbImage, means: ChannelMeans): Float32Array {
  const numPixels = width * height;
  const planes = new Float32Array(3 * numPixels);
  for (let c = 0; c < 3; c++) {
    const mean = Math.fround(means[c] as number);
    const start = c * numPixels;
    for (let i = 0; i < numPixels; i++) planes[start + i] = (data[3 * i + 2 - c] as number) - mean;
  }
  return planes;
}
