/** @file The rules by which a picture becomes a detector's input, and the size that follows from them. */

import { LxmertError } from '../../common/errors.js';

/** Of blue, green and red. */
export type ChannelMeans = readonly [number, number, number];

/** The parts of a detector's profile that say how a picture becomes its input. */
export interface PreprocessRule {
  /** Length that the shorter side is brought to, in pixels. */
  readonly shorterSide: number;
  /** Where the longer side would pass this length, it is brought to it instead. */
  readonly maxLongerSide: number;
  /** Subtracted from the channels, in the order blue, green, red. */
  readonly channelMeans: ChannelMeans;
  /**
   * `opencv`: means are subtracted first, float32 values are resized without smoothing, and sides are rounded half to
   * even. `pillow`: bytes are resized with smoothing where the picture shrinks, means are subtracted after that, and
   * halves of sides are rounded up.
   */
  readonly resampling: 'opencv' | 'pillow';
}

/**
 * The rule of the original Caffe network of bottom-up attention, by which LXMERT's features were made: TEST.SCALES
 * (600), TEST.MAX_SIZE 1000 and PIXEL_MEANS of its configuration.
 */
export const CAFFE_PREPROCESS_RULE: PreprocessRule = {
  shorterSide: 600,
  maxLongerSide: 1000,
  channelMeans: [102.9801, 115.9465, 122.7717],
  resampling: 'opencv',
};

/**
 * The rule of the Detectron2 port's extraction script for COCO: ResizeShortestEdge with the sizes of the original. Its
 * notebooks keep Detectron2's own 800 and 1333 instead.
 */
export const DETECTRON2_PREPROCESS_RULE: PreprocessRule = { ...CAFFE_PREPROCESS_RULE, resampling: 'pillow' };

/** Size of the detector's input for a picture. */
export interface InputSize {
  readonly height: number;
  readonly width: number;
  /** Pixels of the input per pixel of the picture, before the sides were rounded; the same in both directions. */
  readonly scale: number;
}

/**
 * Size and scale for a picture of `width` x `height` by the rule.
 *
 * @throws LxmertError when the picture has no pixels, or is so long and thin that a side would shrink to nothing.
 */
export function detectorInputSize(width: number, height: number, rule: PreprocessRule): InputSize {
  if (!(Math.min(width, height) >= 1))
    throw new LxmertError(`A picture of ${width} x ${height} has no pixels.`);
  const size =
    rule.resampling === 'opencv' ? caffeSize(width, height, rule) : detectron2Size(width, height, rule);
  if (size.height < 1 || size.width < 1) {
    throw new LxmertError(
      `A picture of ${width} x ${height} pixels is too long and thin for the detector: with the longer side at ` +
        `${rule.maxLongerSide} pixels nothing is left of the shorter one. Cut it into parts.`,
    );
  }
  return size;
}

function caffeSize(width: number, height: number, rule: PreprocessRule): InputSize {
  const longer = Math.max(width, height);
  let scale = rule.shorterSide / Math.min(width, height);
  if (roundHalfEven(scale * longer) > rule.maxLongerSide) scale = rule.maxLongerSide / longer;
  return { height: roundHalfEven(height * scale), width: roundHalfEven(width * scale), scale };
}

/** The limit is held against the unrounded side, and the second factor multiplies the first one's results. */
function detectron2Size(width: number, height: number, rule: PreprocessRule): InputSize {
  const scale = rule.shorterSide / Math.min(width, height);
  let newHeight = height < width ? rule.shorterSide : scale * height;
  let newWidth = height < width ? scale * width : rule.shorterSide;
  const longer = Math.max(newHeight, newWidth);
  const shrink = longer > rule.maxLongerSide ? rule.maxLongerSide / longer : 1;
  newHeight *= shrink;
  newWidth *= shrink;
  return { height: roundHalfUp(newHeight), width: roundHalfUp(newWidth), scale: scale * shrink };
}

/** Fractions of a half and more go up: `int(value + 0.5)` in Python. */
function roundHalfUp(value: number): number {
  return Math.floor(value + 0.5);
}

/** As Python's and NumPy's round and OpenCV's cvRound: 562.5 becomes 562. */
function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
