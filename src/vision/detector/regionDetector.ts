/** @file From a picture to the fields of its feature row: preprocessing, network and choice of regions together. */

import { LxmertError } from '../../common/errors.js';
import type { RgbImage } from '../../common/rgbImage.js';
import { sha256OfFile } from '../../common/sha256.js';
import { version } from '../../common/version.js';
import type { Provenance } from '../../features/provenance.js';
import { BOTTOM_UP_ATTENTION, type DetectorArchitecture, featureSizeOf } from './architecture.js';
import { DetectorNetwork, type NetworkOptions } from './network.js';
import { type DetectorInput, preprocessImage } from './preprocess.js';
import { CAFFE_PREPROCESS_RULE } from './preprocessRule.js';
import { CAFFE_36, type DetectorProfile } from './profiles.js';
import { allRegions, type SelectedRegions, selectRegions } from './selectRegions.js';
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

/** A picture made ready for the network. Pictures whose inputs have equal sizes can be looked at together. */
export interface PreparedImage {
  /** Of the picture itself. */
  readonly height: number;
  readonly width: number;
  readonly input: DetectorInput;
}

/** The original detector. Weights of the PyTorch ports need boxes and anchors of their own and are refused. */
export class RegionDetector implements Disposable {
  private constructor(
    readonly profile: DetectorProfile,
    readonly report: DetectorReport,
    /** What decides the numbers; every file of its features carries it. */
    readonly provenance: Provenance,
    readonly featureSize: number,
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
      const provenance: Provenance = {
        detector: 'bottom-up-attention',
        weightsSha256: await sha256OfFile(file),
        settings: {
          profile: profile.name,
          minBoxes: profile.minBoxes,
          maxBoxes: profile.maxBoxes,
          precision: options.precision ?? 'float32',
        },
        source: null,
        createdBy: `lxmert ${version()}`,
      };
      return new RegionDetector(
        profile,
        report,
        provenance,
        featureSizeOf(architecture),
        new DetectorNetwork(weights, { architecture, ...network }),
      );
    } finally {
      for (const tensor of Object.values(weights)) tensor.dispose();
    }
  }

  /**
   * Resizes a picture by the profile's rule.
   *
   * @throws LxmertError for a picture that is too narrow
   */
  prepare(image: RgbImage): PreparedImage {
    return {
      height: image.height,
      width: image.width,
      input: preprocessImage(image, CAFFE_PREPROCESS_RULE),
    };
  }

  /**
   * The picture's regions. Boxes are in its own pixels, features are at least 0.
   *
   * @throws LxmertError for a picture that is too narrow, or when the network gives what is no number
   */
  detect(image: RgbImage): DetectedRegions {
    return this.detectPrepared([this.prepare(image)])[0] as DetectedRegions;
  }

  /**
   * The regions of each of some pictures whose inputs have one size.
   *
   * @throws LxmertError when sizes differ, or when the network gives what is no number
   */
  detectPrepared(images: readonly PreparedImage[]): DetectedRegions[] {
    return images.map(({ height, width, input }) => {
      const outputs = this.network.run({ ...input, values: input.data });
      return { height, width, ...selectRegions(outputs, input.scale, this.profile) };
    });
  }

  /**
   * Features and labels of boxes that are given, (n, 4) in pixels of the picture, in their order.
   *
   * @throws LxmertError when the network gives what is no number
   */
  describeBoxes({ height, width, input }: PreparedImage, boxes: Float32Array): DetectedRegions {
    const scale = Math.fround(input.scale);
    const scaled = boxes.map((value) => value * scale);
    const outputs = this.network.runOnBoxes({ ...input, values: input.data }, scaled);
    return { height, width, ...allRegions(outputs, input.scale), boxes: boxes.slice() };
  }

  [Symbol.dispose](): void {
    this.network.dispose();
  }
}
