/** @file From a picture to the fields of its feature row: preprocessing, network and choice of regions together. */

import type { RgbImage } from '../../common/rgbImage.js';
import { version } from '../../common/version.js';
import type { Provenance } from '../../features/index.js';
import { sha256OfFile } from '../../formats/hashes/sha256.js';
import { type Device, requirePrecision, useDevice } from '../../torch/index.js';
import { BOTTOM_UP_ATTENTION, type DetectorArchitecture, detectorFeatureSize } from './architecture.js';
import {
  type DetectedRegions,
  describedBoxes,
  detectorProvenance,
  type PreparedImage,
  prepareImage,
  requireDetectableSize,
  scaleGivenBoxes,
  selectRegions,
} from './detectionRules.js';
import type { RegionOutputs } from './labelledRegions.js';
import { nativeSuppression } from './nativeSuppression.js';
import { DetectorNetwork, type NetworkInput, type NetworkOptions } from './network.js';
import type { DetectorPrecision } from './networkWeights.js';
import { type DetectorProfile, profileFor, withNumBoxes } from './profiles.js';
import { loadDetector } from './weights.js';
import type { DetectorReport } from './weightsReport.js';

export interface RegionDetectorOptions extends Pick<NetworkOptions, 'precision' | 'regionsAtOnce'> {
  /** What computes: the processor or a GPU. Default `cpu`. */
  readonly device?: Device;
  readonly architecture?: DetectorArchitecture;
  /** Which regions are kept. Default: `caffe-36`, which LXMERT was trained with, or `d2` for a port's weights. */
  readonly profile?: DetectorProfile;
  /** Other numbers of regions than the profile's. */
  readonly minBoxes?: number;
  readonly maxBoxes?: number;
}

/** The bottom-up-attention detector with weights and a profile. */
export class RegionDetector implements Disposable {
  private constructor(
    readonly profile: DetectorProfile,
    readonly report: DetectorReport,
    /** What decides the numbers; every file of its features carries it. */
    readonly provenance: Provenance,
    /** Values of a region's feature vector. */
    readonly featureSize: number,
    private readonly network: DetectorNetwork,
  ) {}

  /** Where the network is. */
  get device(): Device {
    return this.network.device;
  }

  /**
   * Loads the weights of a .caffemodel, of a port, or of a file converted from one.
   *
   * @throws UsageError when there is no such file, for a profile of other weights' rules and for impossible numbers of
   * regions, for a device that is not there and a format that it cannot compute in; CheckpointError when the file is damaged or not a whole detector
   */
  static async load(file: string, options: RegionDetectorOptions = {}): Promise<RegionDetector> {
    const { architecture = BOTTOM_UP_ATTENTION, regionsAtOnce, minBoxes, maxBoxes } = options;
    const { precision = 'float32' } = options;
    const device = useDevice(options.device ?? 'cpu');
    requirePrecision(precision, device);
    const { weights, facts, report } = await loadDetector(file, { architecture, withBoxPredictor: 'ifUsed' });
    try {
      const profile = withNumBoxes(profileFor(file, facts.family, options.profile), {
        ...(minBoxes === undefined ? {} : { minBoxes }),
        ...(maxBoxes === undefined ? {} : { maxBoxes }),
      });
      const network = new DetectorNetwork(weights, {
        architecture,
        rules: profile.rules,
        device,
        precision,
        ...(regionsAtOnce === undefined ? {} : { regionsAtOnce }),
      });
      const provenance = detectorProvenance(profile, {
        weightsSha256: report.originSha256 ?? (await sha256OfFile(file)),
        precision: statedPrecision(precision, device),
        createdBy: `lxmert ${version()}`,
      });
      return new RegionDetector(profile, report, provenance, detectorFeatureSize(architecture), network);
    } finally {
      for (const tensor of Object.values(weights)) tensor.dispose();
    }
  }

  /**
   * Resizes a picture by the profile's rule.
   *
   * @throws LxmertError for a picture that is too long and thin
   */
  prepare(image: RgbImage): PreparedImage {
    return prepareImage(image, this.profile.preprocess);
  }

  /**
   * Refuses a picture by its sides alone, before it is decoded.
   *
   * @param width of the upright picture, in pixels, like `height`
   * @throws LxmertError for a picture that is too long and thin
   */
  requireSize(width: number, height: number): void {
    requireDetectableSize(width, height, this.profile.preprocess);
  }

  /**
   * The picture's regions. Boxes are in its own pixels, features are at least 0.
   *
   * @throws LxmertError for a picture that is too narrow, or when the network gives what is no number
   */
  detect(image: RgbImage): DetectedRegions {
    return this.detectBatch([this.prepare(image)])[0] as DetectedRegions;
  }

  /**
   * The regions of each of some pictures, in their order: on the processor the same as for each by itself, on a GPU the
   * same but for what its products round differently in other sizes. Pictures whose inputs have one size go through the
   * network together, those of another size after them. None is padded to another's size: the zeros that convolutions put
   * around a picture stand where padding would, but in every layer anew, so the layers' values on padding would reach into
   * the picture and change its features.
   *
   * @throws LxmertError when the network gives what is no number
   */
  detectBatch(images: readonly PreparedImage[]): DetectedRegions[] {
    const groups = new Map<string, number[]>();
    images.forEach(({ input }, i) => {
      const size = `${input.height} x ${input.width}`;
      groups.set(size, [...(groups.get(size) ?? []), i]);
    });
    const found = new Array<DetectedRegions>(images.length);
    for (const group of groups.values()) {
      const inputs = group.map((i) => networkInput(images[i] as PreparedImage));
      const outputs = this.network.runBatch(inputs, this.profile);
      group.forEach((i, k) => {
        found[i] = selectRegions(
          images[i] as PreparedImage,
          outputs[k] as RegionOutputs,
          this.profile,
          nativeSuppression,
        );
      });
    }
    return found;
  }

  /**
   * Features and labels of boxes that are given, (n, 4) in pixels of the picture, in their order.
   *
   * @throws LxmertError when there are none, or when the network gives what is no number
   */
  describeBoxes(image: PreparedImage, boxes: Float32Array): DetectedRegions {
    const { rules } = this.profile;
    const scaled = scaleGivenBoxes(image, boxes, rules);
    return describedBoxes(image, boxes, this.network.runOnBoxes(networkInput(image), scaled), rules);
  }

  [Symbol.dispose](): void {
    this.network.dispose();
  }
}

/**
 * What features say of their format. On a GPU bfloat16 is that of every layer, which moves features by percents: they are
 * not those of the processor's bfloat16.
 */
function statedPrecision(precision: DetectorPrecision, device: Device): string {
  return precision === 'bfloat16' && device !== 'cpu' ? 'bfloat16 in all layers' : precision;
}

function networkInput({ input }: PreparedImage): NetworkInput {
  return { ...input, values: input.data };
}
