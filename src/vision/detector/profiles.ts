/** @file Which regions an image's row keeps, and by whose rules: the published settings by name. */

import { UsageError } from '../../common/errors.js';
import { CAFFE_PREPROCESS_RULE, DETECTRON2_PREPROCESS_RULE, type PreprocessRule } from './preprocessRule.js';
import { PROPOSAL_SETTINGS } from './proposals.js';
import { type DetectorFamily, detectorRules } from './weightsFamily.js';

interface RegionNumbers {
  readonly name: string;
  /** How a picture becomes the network's input. */
  readonly preprocess: PreprocessRule;
  /** Fewest and most regions of a row; fewer only where the image has fewer proposals. */
  readonly minBoxes: number;
  readonly maxBoxes: number;
}

/** The original's rules: the proposals themselves are kept, by each class's own suppression. */
export interface CaffeProfile extends RegionNumbers {
  readonly rules: 'caffe';
  /** A region is a hit when some class gives it at least this after that class's suppression. */
  readonly minConfidence: number;
  /** Within a class, a region goes when its overlap with a better one is at least this. */
  readonly overlap: number;
}

/**
 * Detectron2's rules, which both PyTorch ports follow: boxes are moved to their best class's, and one suppression is made
 * over all of them.
 */
export interface Detectron2Profile extends RegionNumbers {
  readonly rules: 'detectron2';
  /** A region goes when its overlap with a better one is above this: the first that leaves `minBoxes` regions. */
  readonly overlaps: readonly number[];
}

export type DetectorProfile = CaffeProfile | Detectron2Profile;

const CAFFE_RULE = {
  rules: 'caffe',
  preprocess: CAFFE_PREPROCESS_RULE,
  minConfidence: 0.2,
  overlap: 0.3,
} as const;

/** What LXMERT was trained with: always 36 regions. */
export const CAFFE_36: CaffeProfile = { name: 'caffe-36', minBoxes: 36, maxBoxes: 36, ...CAFFE_RULE };
/** The detector's own default: 10 to 100 regions, as many as are hits. */
export const CAFFE_10_100: CaffeProfile = {
  name: 'caffe-10-100',
  minBoxes: 10,
  maxBoxes: 100,
  ...CAFFE_RULE,
};
/** The Detectron2 port's extraction script for COCO. Overlaps are those of NumPy's arange(0.3, 1.0, 0.1). */
export const D2: Detectron2Profile = {
  name: 'd2',
  rules: 'detectron2',
  preprocess: DETECTRON2_PREPROCESS_RULE,
  minBoxes: 36,
  maxBoxes: 36,
  overlaps: Array.from({ length: 7 }, (_, i) => 0.3 + i * 0.1),
};

export const DETECTOR_PROFILES: readonly DetectorProfile[] = [CAFFE_36, CAFFE_10_100, D2];

/**
 * The profile with other numbers of regions.
 *
 * @throws UsageError for numbers that the detector cannot give, and when the least is above the most
 */
export function withNumBoxes(
  profile: DetectorProfile,
  { minBoxes = profile.minBoxes, maxBoxes = profile.maxBoxes }: { minBoxes?: number; maxBoxes?: number },
): DetectorProfile {
  const most = PROPOSAL_SETTINGS.maxAfter;
  for (const [what, value] of [
    ['fewest', minBoxes],
    ['most', maxBoxes],
  ] as const) {
    if (!Number.isInteger(value) || value < 1 || value > most) {
      throw new UsageError(
        `The ${what} regions of a picture must be a whole number from 1 to ${most}, the detector's proposals; found ${value}.`,
      );
    }
  }
  if (minBoxes > maxBoxes) {
    throw new UsageError(
      `The fewest regions of a picture (${minBoxes}) are more than the most (${maxBoxes}). Give both --min-boxes and --max-boxes.`,
    );
  }
  return { ...profile, minBoxes, maxBoxes };
}

/**
 * The profile to find regions by: the one asked for, else the weights' own, with 36 regions.
 *
 * @param file the weights, for messages
 * @throws UsageError when the profile's rules are not those of the weights
 */
export function profileFor(
  file: string,
  family: DetectorFamily,
  asked: DetectorProfile | undefined,
): DetectorProfile {
  const rules = detectorRules(family);
  const profile = asked ?? (rules === 'caffe' ? CAFFE_36 : D2);
  if (profile.rules === rules) return profile;
  const fitting = DETECTOR_PROFILES.filter((each) => each.rules === rules).map(({ name }) => name);
  throw new UsageError(
    `${file} holds ${rules === 'caffe' ? "the original's weights" : `a port's weights (${family})`}, whose anchors and boxes follow other rules than the profile ${profile.name}: its regions would be wrong. ` +
      `The profile${fitting.length > 1 ? 's' : ''} for these weights: ${fitting.join(', ')}.`,
  );
}
