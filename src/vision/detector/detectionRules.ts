/**
 * @file What detection does before, between and after the network's parts, in plain TypeScript: the same rules for the
 * network on libtorch and for an exported one.
 */

import { LxmertError } from '../../common/errors.js';
import type { RgbImage } from '../../common/rgbImage.js';
import type { Provenance } from '../../features/index.js';
import type { AnchorSettings } from './architecture.js';
import { proposeCaffeRegions } from './caffe/proposeCaffeRegions.js';
import { allCaffeRegions, selectCaffeRegions } from './caffe/selectCaffeRegions.js';
import { proposeDetectron2Regions } from './detectron2/proposeDetectron2Regions.js';
import { allDetectron2Regions, selectDetectron2Regions } from './detectron2/selectDetectron2Regions.js';
import type { RegionOutputs, SelectedRegions } from './labelledRegions.js';
import { type DetectorInput, preprocessImage } from './preprocess.js';
import { detectorInputSize, type PreprocessRule } from './preprocessRule.js';
import type { DetectorProfile } from './profiles.js';
import type { RpnOutput, ScaledSize } from './proposals.js';
import type { Suppression } from './suppression.js';

/** Where the network's first pooling still finds a window. */
export const MIN_INPUT_SIDE = 3;

/** A picture's regions, with the size that their boxes are in. */
export interface DetectedRegions extends SelectedRegions {
  readonly height: number;
  readonly width: number;
}

/** A picture made ready for the network. Pictures whose inputs have equal sizes can be detected in one batch. */
export interface PreparedImage {
  /** Of the picture itself. */
  readonly height: number;
  readonly width: number;
  readonly input: DetectorInput;
}

/** What features that this detector made say of their maker. */
export const DETECTOR_NAME = 'bottom-up-attention';

/** What decides the numbers of a detector's regions; every file of its features carries it. */
export function detectorProvenance(
  { name, minBoxes, maxBoxes }: DetectorProfile,
  {
    weightsSha256,
    createdBy,
    ...others
  }: {
    /** Of the file that the weights came from. */
    readonly weightsSha256: string;
    readonly precision: string;
    readonly createdBy: string;
    /** More settings. */
    readonly [setting: string]: string;
  },
): Provenance {
  return {
    detector: DETECTOR_NAME,
    weightsSha256,
    settings: { profile: name, minBoxes, maxBoxes, ...others },
    source: null,
    createdBy,
  };
}

/**
 * Refuses a picture by its sides alone, before it is decoded.
 *
 * @param width of the upright picture, in pixels, like `height`
 * @throws LxmertError for a picture that is too long and thin
 */
export function requireDetectableSize(width: number, height: number, rule: PreprocessRule): void {
  const input = detectorInputSize(width, height, rule);
  if (Math.min(input.height, input.width) >= MIN_INPUT_SIDE) return;
  throw new LxmertError(
    `A picture of ${width} x ${height} pixels is too long and thin for the detector: after scaling it is ${input.width} x ${input.height}. Cut it into parts.`,
  );
}

/**
 * Resizes a picture by a profile's rule.
 *
 * @throws LxmertError for a picture that is too long and thin
 */
export function prepareImage(image: RgbImage, rule: PreprocessRule): PreparedImage {
  requireDetectableSize(image.width, image.height, rule);
  return { height: image.height, width: image.width, input: preprocessImage(image, rule) };
}

/**
 * The proposals (n, 4) in pixels of the scaled picture, best first.
 *
 * @throws LxmertError when a score is not a number: the weights are broken
 */
export function proposeRegions(
  rules: DetectorProfile['rules'],
  output: RpnOutput,
  image: ScaledSize,
  anchors: AnchorSettings,
  suppression: Suppression,
): Float32Array {
  const propose = rules === 'caffe' ? proposeCaffeRegions : proposeDetectron2Regions;
  return propose(output, image, anchors, suppression);
}

/**
 * The regions that a profile keeps of the proposals.
 *
 * @throws LxmertError when the network gave what is no number
 */
export function selectRegions(
  image: PreparedImage,
  outputs: RegionOutputs,
  profile: DetectorProfile,
  suppression: Suppression,
): DetectedRegions {
  const { height, width, input } = image;
  const regions =
    profile.rules === 'detectron2'
      ? selectDetectron2Regions(outputs, sizesOf(image), profile, suppression)
      : selectCaffeRegions(outputs, input.scale, profile, suppression);
  return { height, width, ...regions };
}

/**
 * Boxes (n, 4) that were given in pixels of the picture, in those of the network's input.
 *
 * @throws LxmertError when there are none
 */
export function scaleGivenBoxes(
  { height, width, input }: PreparedImage,
  boxes: Float32Array,
  rules: DetectorProfile['rules'],
): Float32Array {
  if (boxes.length === 0 || boxes.length % 4 !== 0) {
    throw new LxmertError(
      `Boxes to describe must be given as four numbers each, one box or more; found ${boxes.length} numbers.`,
    );
  }
  const isDetectron2 = rules === 'detectron2';
  const across = Math.fround(isDetectron2 ? input.width / width : input.scale);
  const down = Math.fround(isDetectron2 ? input.height / height : input.scale);
  return boxes.map((value, i) => value * (i % 2 === 0 ? across : down));
}

/** All regions in the order of the boxes that were given, in pixels of the picture. */
export function describedBoxes(
  image: PreparedImage,
  boxes: Float32Array,
  outputs: RegionOutputs,
  rules: DetectorProfile['rules'],
): DetectedRegions {
  const { height, width, input } = image;
  const regions =
    rules === 'detectron2'
      ? allDetectron2Regions(outputs, sizesOf(image))
      : allCaffeRegions(outputs, input.scale);
  // The boxes as they were given, not as they come back from the input's pixels.
  return { height, width, ...regions, boxes: boxes.slice() };
}

function sizesOf({ height, width, input }: PreparedImage) {
  return { height, width, inputHeight: input.height, inputWidth: input.width };
}
