/** @file Regions of the pictures that were looked at last, since detection takes seconds. */

import { UsageError } from '../common/errors.js';
import type { ImageRegions } from './imageRegions.js';

/** About 0.3 MB each. */
const DEFAULT_NUM_CACHED_IMAGES = 16;

/** The regions of some pictures, by what is in their files. */
export class RegionCache {
  readonly #size: number;
  /** The oldest first. */
  readonly #kept = new Map<string, Promise<ImageRegions>>();

  /** @throws UsageError for a size that is no whole number from 0 */
  constructor(size = DEFAULT_NUM_CACHED_IMAGES) {
    if (!Number.isInteger(size) || size < 0) {
      throw new UsageError(`numCachedImages must be a whole number from 0; found ${size}.`);
    }
    this.#size = size;
  }

  /**
   * @param key of the picture's file, such as its SHA-256
   * @param find finds the regions where they are not kept
   */
  async get(key: string, find: () => Promise<ImageRegions>): Promise<ImageRegions> {
    // Taken out and put back, so that it counts as the newest.
    const imageRegions = this.#kept.get(key) ?? find();
    this.#kept.delete(key);
    this.#kept.set(key, imageRegions);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#size) break;
      this.#kept.delete(oldest);
    }
    // What failed may succeed another time.
    imageRegions.catch(() => this.#kept.delete(key));
    return await imageRegions;
  }

  clear(): void {
    this.#kept.clear();
  }
}
