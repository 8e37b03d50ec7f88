/** @file Which regions an image's row keeps: the published settings by name. */

/** How many regions are kept, and by which rule. */
export interface DetectorProfile {
  readonly name: string;
  /** Fewest and most regions of a row; fewer only where the image has fewer proposals. */
  readonly minBoxes: number;
  readonly maxBoxes: number;
  /** A region is a hit when some class gives it at least this after that class's suppression. */
  readonly minConfidence: number;
  /** Within a class, a region goes when its overlap with a better one is at least this. */
  readonly overlap: number;
}

const CAFFE_RULE = { minConfidence: 0.2, overlap: 0.3 };

/** What LXMERT was trained with: always 36 regions. */
export const CAFFE_36: DetectorProfile = { name: 'caffe-36', minBoxes: 36, maxBoxes: 36, ...CAFFE_RULE };
/** The detector's own default: 10 to 100 regions, as many as are hits. */
export const CAFFE_10_100: DetectorProfile = {
  name: 'caffe-10-100',
  minBoxes: 10,
  maxBoxes: 100,
  ...CAFFE_RULE,
};

export const DETECTOR_PROFILES: readonly DetectorProfile[] = [CAFFE_36, CAFFE_10_100];
