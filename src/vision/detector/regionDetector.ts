/** @file From a picture to the fields of its feature row: preprocessing, network and choice of regions together. */

import { LxmertError } from '../../common/errors.js';
import type { RgbImage } from '../../common/rgbImage.js';
import { BOTTOM_UP_ATTENTION, type DetectorArchitecture } from './architecture.js';
import { DetectorNetwork, type NetworkOptions } from './network.js';
import { preprocessImage } from './preprocess.js';
import { CAFFE_PREPROCESS_RULE } from './preprocessRule.js';
import { CAFFE_36, type DetectorProfile } from './profiles.js';
import { type SelectedRegions, selectRegions } from './selectRegions.js';
import { loadDetector } from './weights.js';
import type { DetectorReport } from './weightsReport.js';

export interface RegionDetectorOptions extends Pick<NetworkOptions, 'precision' | 'regionsAtOnce'> {
  readonly architecture?: DetectorArchitecture;
  /** Which regions are kept; `caffe-36`, which LXMERT was trained with, when left out. */
  readonly profile?: DetectorProfile;
}

/** A picture's regions, with the size that their boxes are in. */
export interface DetectedRegions extends SelectedRegions {
  readonly height: number;
  readonly width: number;
}

/** The original detector. Weights of the PyTorch ports need boxes and anchors of their own and are refused. */
export class RegionDetector implements Disposable {
  private constructor(
    readonly profile: DetectorProfile,
    readonly report: DetectorReport,
    private readonly network: DetectorNetwork,
  ) {}

  /**
   * Loads the weights of a .caffemodel, or of a file converted from one.
   *
   * @throws UsageError when there is no such file; CheckpointError when it is damaged or not a whole detector;
   * LxmertError for the weights of a port, whose features would be others
   */
  static async load(file: string, options: RegionDetectorOptions = {}): Promise<RegionDetector> {
    const { architecture = BOTTOM_UP_ATTENTION, profile = CAFFE_36, ...network } = options;
    const { weights, facts, report } = await loadDetector(file, { architecture });
    try {
      if (facts.family !== 'caffe') {
        throw new LxmertError(
          `${file} holds the weights of a port (${facts.family}), whose anchors and boxes follow other rules than the original's: regions found by the rules of ${profile.name} would be wrong. Use the original .caffemodel.`,
        );
      }
      return new RegionDetector(profile, report, new DetectorNetwork(weights, { architecture, ...network }));
    } finally {
      for (const tensor of Object.values(weights)) tensor.dispose();
    }
  }

  /**
   * The picture's regions. Boxes are in its own pixels, features are at least 0.
   *
   * @throws LxmertError for a picture that is too narrow, or when the network gives what is no number
   */
  detect(image: RgbImage): DetectedRegions {
    const { data: values, height, width, scale } = preprocessImage(image, CAFFE_PREPROCESS_RULE);
    const outputs = this.network.run({ values, height, width, scale });
    return {
      height: image.height,
      width: image.width,
      ...selectRegions(outputs, scale, this.profile),
    };
  }

  [Symbol.dispose](): void {
    this.network.dispose();
  }
}
