/** @file What an extraction is told, and what it tells at its end. */

import type { Progress } from '../common/progress.js';
import { type FeatureDType, type FeatureRange, type Provenance, RANGE_SETTING } from '../features/files.js';
import type { RegionDetector } from '../vision/detector/index.js';
import type { ImageFile } from '../vision/imageFiles.js';
import type { DescribedPicture, SkippedPicture } from './describedPicture.js';
import type { GivenBoxes, StatedBoxes } from './givenBoxes.js';

/** What an extraction asks of a detector. */
export type Detector = Pick<
  RegionDetector,
  'profile' | 'provenance' | 'prepare' | 'detectBatch' | 'describeBoxes'
> &
  Partial<Pick<RegionDetector, 'device' | 'requireSize'>>;

/** What describes pictures each by itself, and several at the same time. */
export interface PictureDescriber {
  readonly profile: Pick<Detector['profile'], 'minBoxes' | 'maxBoxes'>;
  readonly provenance: Provenance;
  /** Pictures to hand over before the first one is done. */
  readonly numAtOnce: number;
  /**
   * Reads and describes a picture; never fails for what is wrong with it.
   *
   * @param boxes to describe instead of finding some
   */
  describe(image: ImageFile, boxes?: StatedBoxes): Promise<DescribedPicture | SkippedPicture>;
}

export interface ExtractionOptions {
  /** In the order that the output gets. */
  readonly images: readonly ImageFile[];
  readonly detector: Detector | PictureDescriber;
  /** A file that ends with .tsv, or the folder of a store. */
  readonly out: string;
  /** How a store keeps feature values; a TSV file has float32. Default float16. */
  readonly dtype?: FeatureDType;
  readonly shardImages?: number;
  /**
   * Pictures of one size that the detector sees together. Default 1 on the processor, where more are no faster, and 8 on a
   * GPU.
   */
  readonly batchSize?: number;
  /** Boxes to describe instead of those that the detector proposes. */
  readonly boxes?: GivenBoxes;
  /**
   * The values that the detector can give (default -1000 to 1000); kept in the provenance. Values beyond stop the job: they are
   * a sign of other or damaged weights, and a run would refuse them.
   */
  readonly featureRange?: FeatureRange;
  /** This process's share of the job. Without it, processes take what nobody has taken. */
  readonly share?: { readonly rank: number; readonly worldSize: number };
  /** Images that a process claims at once. Default 32, less for a short list. */
  readonly blockSize?: number;
  /** Told images done, by all processes, and images in all. */
  readonly progress?: Progress;
  /** The same for putting the output together. */
  readonly assemblyProgress?: Progress;
  /** Told at once of each picture that gives no features. */
  readonly onSkip?: (skipped: SkippedImage) => void;
  /** Once aborted, the job stops after the picture in work; it goes on another time. */
  readonly signal?: AbortSignal | undefined;
}

const GPU_BATCH_SIZE = 8;

/** Pictures that an extraction's detector sees together. */
export function batchSizeOf({ batchSize, detector }: ExtractionOptions): number {
  if ('describe' in detector) return 1;
  return batchSize ?? ((detector.device ?? 'cpu') === 'cpu' ? 1 : GPU_BATCH_SIZE);
}

/** A picture without features, and the sentence that says why. */
export interface SkippedImage {
  readonly id: string;
  readonly file: string;
  readonly reason: string;
}

export interface ExtractionResult {
  readonly out: string;
  /** False when the job was stopped, or others are still at work on it: the output is not there yet, or as it was. */
  readonly isComplete: boolean;
  readonly wasInterrupted: boolean;
  /** Images in the list. */
  readonly numListed: number;
  /** Images whose regions this process detected. */
  readonly numExtracted: number;
  /** Images of the list that are still to do, by other processes or another time. */
  readonly numLeft: number;
  /** Images of the whole output, those of earlier extractions included; null while it is not complete. */
  readonly numImages: number | null;
  /** Of these, images with fewer regions than the profile's least; null while it is not complete. */
  readonly numShort: number | null;
  readonly skipped: readonly SkippedImage[];
}

/** What an output states of where its features come from. */
export function provenanceOf({ detector, boxes, featureRange }: ExtractionOptions): Provenance {
  const { provenance } = detector;
  // Numbers of boxes do not matter where boxes were given; that they were does.
  const { minBoxes: _min, maxBoxes: _max, numBoxes: _num, ...others } = provenance.settings;
  const settings = boxes === undefined ? provenance.settings : { ...others, boxes: 'given' };
  const range =
    featureRange === undefined ? {} : { [RANGE_SETTING]: `${featureRange.low},${featureRange.high}` };
  return { ...provenance, settings: { ...settings, ...range } };
}
