/** @file The regions of a picture by whatever is at hand of it: found in its pixels, of each file once, or given with it. */

import { LxmertError, UsageError } from '../common/errors.js';
import type { RgbImage } from '../common/rgbImage.js';
import type { FeatureRow, Provenance } from '../features/portable.js';
import type { LabelNames } from '../vision/detector/labelNames.js';
import type { FeatureCheck } from './featureCheck.js';
import { type ImageRegions, imageRegionsFrom } from './imageRegions.js';
import type { LxmertImage } from './lxmertImage.js';
import type { RegionCache } from './regionCache.js';
import type { RegionFinder } from './regionFinder.js';
import { NO_REGION_FINDER } from './requests.js';

/** How pictures are read and decoded, which differs between Node.js and browsers. */
export interface PictureReader {
  /** The bytes of a picture's file. @throws UsageError when there is none */
  readPicture(path: string): Promise<Uint8Array>;
  /** @throws LxmertError for what is no picture */
  decode(
    bytes: Uint8Array,
    options: {
      readonly name: string;
      readonly requireSize?: ((width: number, height: number) => void) | undefined;
    },
  ): Promise<RgbImage>;
  /** Of bytes, in hexadecimal. */
  sha256(bytes: Uint8Array): Promise<string>;
}

/** A {@link RegionFinder} that may take its time. */
export interface AnyRegionFinder extends Omit<RegionFinder, 'find'> {
  find(image: RgbImage, imageId: string): FeatureRow | Promise<FeatureRow>;
}

export interface PictureRegionsParts {
  readonly reader: PictureReader;
  /** Undefined where nothing finds the regions of a bare picture. */
  readonly finder: AnyRegionFinder | undefined;
  readonly cache: RegionCache;
  readonly check: FeatureCheck;
  /** Names of the labels in rows of this provenance. */
  readonly namesFor: (provenance: Provenance | undefined) => LabelNames;
}

export class PictureRegions {
  readonly #parts: PictureRegionsParts;
  #isDisposed = false;

  constructor(parts: PictureRegionsParts) {
    this.#parts = parts;
  }

  /**
   * Those of a file whose regions are cached are not found again.
   *
   * @throws UsageError when there is no such picture, or nothing to find regions with; LxmertError when it cannot be
   * decoded, or has no region
   */
  async of(image: LxmertImage): Promise<ImageRegions> {
    this.requireAlive();
    const { check, reader } = this.#parts;
    switch (image.kind) {
      case 'regions':
        check.requireRow(image.regions.row, image.regions.provenance);
        return image.regions;
      case 'row':
        check.requireRow(image.row, image.provenance);
        return this.#ofRow(image.row, true, image.provenance);
      case 'pixels':
        return await this.#ofPixels(image.pixels, this.#requireFinder());
      case 'bytes':
        return await this.#ofBytes(image.bytes, 'the picture', this.#requireFinder());
      case 'file': {
        const finder = this.#requireFinder();
        return await this.#ofBytes(await reader.readPicture(image.path), image.path, finder);
      }
    }
  }

  /** @throws LxmertError after {@link dispose} */
  requireAlive(): void {
    if (this.#isDisposed) throw new LxmertError('This Lxmert was disposed of; load it again.');
  }

  /** Forgets what was found. @returns false when that was done before */
  dispose(): boolean {
    if (this.#isDisposed) return false;
    this.#isDisposed = true;
    this.#parts.cache.clear();
    return true;
  }

  #requireFinder(): AnyRegionFinder {
    const { finder } = this.#parts;
    if (finder === undefined) throw new UsageError(NO_REGION_FINDER);
    return finder;
  }

  async #ofBytes(bytes: Uint8Array, name: string, finder: AnyRegionFinder): Promise<ImageRegions> {
    const { cache, reader } = this.#parts;
    return await cache.get(await reader.sha256(bytes), async () =>
      this.#ofPixels(await reader.decode(bytes, { name, requireSize: finder.requireSize }), finder),
    );
  }

  async #ofPixels(image: RgbImage, finder: AnyRegionFinder): Promise<ImageRegions> {
    // The weights may have gone while the picture was decoded.
    this.requireAlive();
    const row = await finder.find(image, 'picture');
    if (row.numBoxes === 0) throw new LxmertError('The detector proposes no region in the picture.');
    return this.#ofRow(row, finder.hasLabels, finder.provenance);
  }

  #ofRow(row: FeatureRow, hasLabels: boolean, provenance: Provenance | undefined): ImageRegions {
    const { check, namesFor } = this.#parts;
    check.requireRow(row, undefined);
    return imageRegionsFrom(row, { hasLabels, names: namesFor(provenance), provenance });
  }
}
