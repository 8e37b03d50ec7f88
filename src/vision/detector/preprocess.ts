/** @file The detector's input: means subtracted, resized as OpenCV resizes, color planes in BGR order. */

import { LxmertError } from '../../common/errors.js';
import type { RgbImage } from '../../common/rgbImage.js';

/** The parts of a detector's profile that say how a picture becomes its input. */
export interface PreprocessRule {
  /** Length that the shorter side is brought to, in pixels. */
  readonly shorterSide: number;
  /** Where the longer side would pass this length, it is brought to it instead. */
  readonly maxLongerSide: number;
  /** Subtracted from the channels before resizing, in the order blue, green, red. */
  readonly channelMeans: readonly [number, number, number];
}

/**
 * The rule of the original Caffe network of bottom-up attention, by which LXMERT's features were made: TEST.SCALES
 * (600), TEST.MAX_SIZE 1000 and PIXEL_MEANS of its configuration.
 */
export const CAFFE_PREPROCESS_RULE: PreprocessRule = {
  shorterSide: 600,
  maxLongerSide: 1000,
  channelMeans: [102.9801, 115.9465, 122.7717],
};

/** A picture as the detector takes it. */
export interface DetectorInput {
  /** (1, 3, height, width): blue, green, red planes. */
  readonly data: Float32Array;
  readonly height: number;
  readonly width: number;
  /** Pixels of the input per pixel of the picture, in both directions. */
  readonly scale: number;
  /** `im_info`, (1, 3): height, width, scale. */
  readonly imageInfo: Float32Array;
}

/** Size of the detector's input for a picture. */
export interface InputSize {
  readonly height: number;
  readonly width: number;
  readonly scale: number;
}

/**
 * Size and scale for a picture of `width` x `height`: sides are rounded half to even, the limit on the longer side
 * too.
 *
 * @throws LxmertError when the picture has no pixels, or is so long and thin that a side would shrink to nothing.
 */
export function detectorInputSize(width: number, height: number, rule: PreprocessRule): InputSize {
  const shorter = Math.min(width, height);
  const longer = Math.max(width, height);
  if (!(shorter >= 1)) throw new LxmertError(`A picture of ${width} x ${height} has no pixels.`);
  let scale = rule.shorterSide / shorter;
  if (roundHalfEven(scale * longer) > rule.maxLongerSide) scale = rule.maxLongerSide / longer;
  const size = { height: roundHalfEven(height * scale), width: roundHalfEven(width * scale), scale };
  if (size.height < 1 || size.width < 1) {
    throw new LxmertError(
      `A picture of ${width} x ${height} pixels is too long and thin for the detector: with the longer side at ` +
        `${rule.maxLongerSide} pixels nothing is left of the shorter one. Cut it into parts.`,
    );
  }
  return size;
}

/**
 * Turns a picture into the detector's input: means are subtracted in float64 and stored as float32, and what
 * results is resized bilinearly without smoothing, as `cv2.resize(image, fx=scale, fy=scale)` does. For the pictures
 * compared the values are OpenCV 5's to the last bit.
 *
 * @throws LxmertError for a picture that {@link detectorInputSize} refuses or whose data has another length than its
 * size calls for.
 */
export function preprocessImage(
  image: RgbImage,
  rule: PreprocessRule = CAFFE_PREPROCESS_RULE,
): DetectorInput {
  const { height, width, scale } = detectorInputSize(image.width, image.height, rule);
  if (image.data.length !== image.width * image.height * 3) {
    throw new LxmertError(
      `A picture of ${image.width} x ${image.height} pixels must have ${image.width * image.height * 3} bytes of RGB; ` +
        `it has ${image.data.length}.`,
    );
  }
  const centred = centredValues(rule);
  // OpenCV takes another path, with another last bit at the far edges, where no side had to be rounded.
  const exact =
    Math.abs(width - image.width * scale) < 1e-6 && Math.abs(height - image.height * scale) < 1e-6;
  const columns = sampleAxis(width, image.width, scale, exact);
  const rows = sampleAxis(height, image.height, scale, exact);
  const data = new Float32Array(3 * height * width);
  // Resized horizontally, each (3, width): the two rows that an output row lies between.
  let upper = new Float32Array(3 * width);
  let lower = new Float32Array(3 * width);
  let upperRow = -1;
  let lowerRow = -1;
  for (let y = 0; y < height; y++) {
    const first = rows.first[y] as number;
    const second = rows.second[y] as number;
    if (first !== upperRow && first === lowerRow) {
      [upper, lower] = [lower, upper];
      [upperRow, lowerRow] = [lowerRow, upperRow];
    }
    if (first !== upperRow) resizeRow(image, first, centred, columns, upper);
    upperRow = first;
    if (second !== lowerRow) resizeRow(image, second, centred, columns, lower);
    lowerRow = second;
    const share = rows.share[y] as number;
    for (let c = 0, source = 0; c < 3; c++) {
      const start = (c * height + y) * width;
      for (let target = start; target < start + width; target++, source++) {
        const above = upper[source] as number;
        data[target] = above + Math.fround((lower[source] as number) - above) * share;
      }
    }
  }
  return { data, height, width, scale, imageInfo: Float32Array.of(height, width, scale) };
}

/** (3, 256): what each byte becomes by channel, in the order blue, green, red. */
function centredValues(rule: PreprocessRule): Float32Array {
  return Float32Array.from({ length: 3 * 256 }, (_, i) => (i & 255) - (rule.channelMeans[i >> 8] as number));
}

/** Where along one axis each output pixel lies: between two source pixels, and how far from the first. */
interface AxisSamples {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly share: Float32Array;
}

/**
 * Pixel centres are mapped by the scale itself and not by the ratio of the sizes, which rounding makes another
 * number. Positions are kept in float64, only the share in float32: OpenCV's fast path does so; its plain path, with
 * positions in float32, differs from it by up to 0.007 of 255.
 */
function sampleAxis(numOutput: number, numSource: number, scale: number, exact: boolean): AxisSamples {
  const first = new Int32Array(numOutput);
  const second = new Int32Array(numOutput);
  const share = new Float32Array(numOutput);
  const step = 1 / scale;
  const last = numSource - 1;
  for (let i = 0; i < numOutput; i++) {
    const position = (i + 0.5) * step - 0.5;
    if (position <= 0) {
      second[i] = Math.min(1, last);
    } else if (position >= last) {
      // The last pixel, or the whole way to it from the last but one: by its rounding not always the same number.
      const whole = !exact && last > 0;
      first[i] = whole ? last - 1 : last;
      second[i] = last;
      share[i] = whole ? 1 : 0;
    } else {
      const index = Math.floor(position);
      first[i] = index;
      second[i] = Math.min(index + 1, last);
      share[i] = position - index;
    }
  }
  return { first, second, share };
}

/** Fills `out`, (3, columns), from one row of the picture. */
function resizeRow(
  { width, data }: RgbImage,
  row: number,
  centred: Float32Array,
  { first, second, share }: AxisSamples,
  out: Float32Array,
): void {
  const numColumns = first.length;
  for (let c = 0, target = 0; c < 3; c++) {
    // Channel c of the output is blue, green, red; of the picture red, green, blue.
    const start = row * width * 3 + 2 - c;
    const values = c * 256;
    for (let x = 0; x < numColumns; x++, target++) {
      const left = centred[values + (data[start + 3 * (first[x] as number)] as number)] as number;
      const right = centred[values + (data[start + 3 * (second[x] as number)] as number)] as number;
      // The difference is rounded to float32; product and sum are rounded once, as a fused multiply-add does.
      out[target] = left + Math.fround(right - left) * (share[x] as number);
    }
  }
}

/** As Python's and NumPy's round and OpenCV's cvRound: 562.5 becomes 562. */
function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
