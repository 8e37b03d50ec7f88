/** @file Which image lies where, over one or several feature stores opened as one. */

import { LxmertError, UsageError } from '../common/errors.js';
import { formatCount } from '../formats/numbers.js';
import type { ProvenancedFeatures } from './provenance.js';
import type { Shard } from './shardFile.js';
import { openShards } from './storeFiles.js';
import { requireSoundSample } from './storeSample.js';

export interface OpenStoreOptions {
  /**
   * Use only the first so many images of each store, as the reference's `--tiny` (512; 500 in pre-training) and
   * `--fast` (5000) do with each feature file.
   */
  readonly maxImagesEach?: number;
}

/** The place of an image. */
export interface ImagePlace {
  readonly shard: number;
  readonly row: number;
}

/** Ids and places of all images. Memory: the ids and 8 bytes an image, whatever the size of the features. */
export class StoreIndex implements ProvenancedFeatures {
  readonly shards: readonly Shard[];
  readonly origins: ProvenancedFeatures['origins'];
  readonly featureSize: number;
  /** In the order of the stores and of their rows; an index into it is what {@link indexOf} returns. */
  readonly imageIds: readonly string[];
  /** Images that a later store holds again; the first store's features are used. */
  readonly numDuplicates: number;
  readonly #positions = new Map<string, number>();
  readonly #shardOf: Uint32Array;
  readonly #rowOf: Uint32Array;

  constructor(paths: readonly string[], options: OpenStoreOptions = {}) {
    if (paths.length === 0) throw new UsageError('No feature store was named.');
    const max = options.maxImagesEach ?? Number.POSITIVE_INFINITY;
    if (!(max >= 1))
      throw new UsageError(`The number of images of each store should be 1 or more; found ${max}.`);
    const stores = paths.map((path) => ({ path, shards: openShards(path) }));
    for (const { path, shards } of stores) requireSoundSample(path, shards);
    this.shards = stores.flatMap((store) => store.shards);
    this.origins = stores.map(({ path, shards }) => ({
      path,
      provenance: firstOf(shards).metadata.provenance,
    }));
    this.featureSize = sharedFeatureSize(this.shards);

    const imageIds: string[] = [];
    const capacity = this.shards.reduce((sum, shard) => sum + shard.numImages, 0);
    this.#shardOf = new Uint32Array(capacity);
    this.#rowOf = new Uint32Array(capacity);
    let numDuplicates = 0;
    let shardNumber = 0;
    for (const { path, shards } of stores) {
      let numSeen = 0;
      const numBefore = imageIds.length;
      for (const shard of shards) {
        for (const [row, id] of shard.metadata.imageIds.entries()) {
          if (numSeen++ >= max) break;
          const earlier = this.#positions.get(id);
          if (earlier !== undefined) {
            // Within one store a second row is damage; a writer refuses it.
            if (earlier >= numBefore)
              throw new LxmertError(`The feature store ${path} lists image ${id} twice.`);
            numDuplicates++;
            continue;
          }
          this.#shardOf[imageIds.length] = shardNumber;
          this.#rowOf[imageIds.length] = row;
          this.#positions.set(id, imageIds.length);
          imageIds.push(id);
        }
        shardNumber++;
      }
    }
    this.imageIds = imageIds;
    this.numDuplicates = numDuplicates;
  }

  get numImages(): number {
    return this.imageIds.length;
  }

  has(imageId: string): boolean {
    return this.#positions.has(imageId);
  }

  /** @throws LxmertError for an image that is in none of the stores. */
  indexOf(imageId: string): number {
    const index = this.#positions.get(imageId);
    if (index === undefined)
      throw new LxmertError(
        `There are no features for image ${imageId} in ${this.origins.map((o) => o.path).join(', ')} ` +
          `(${formatCount(this.numImages, 'image')}, the first is ${this.imageIds[0]}).`,
      );
    return index;
  }

  /** @param index as {@link indexOf} returns it. */
  placeAt(index: number): ImagePlace {
    const shard = this.#shardOf[index];
    const row = this.#rowOf[index];
    if (shard === undefined || row === undefined || index >= this.numImages)
      throw new RangeError(`Image index ${index} is not in 0 to ${this.numImages - 1}.`);
    return { shard, row };
  }
}

function firstOf(shards: readonly Shard[]): Shard {
  const [first] = shards;
  if (first === undefined) throw new RangeError('openShards returns at least one shard.');
  return first;
}

function sharedFeatureSize(shards: readonly Shard[]): number {
  const first = firstOf(shards);
  for (const shard of shards) {
    if (shard.layout.featureSize !== first.layout.featureSize)
      throw new LxmertError(
        `${shard.path} has features of ${shard.layout.featureSize} values and ${first.path} of ` +
          `${first.layout.featureSize}; they cannot be used together.`,
      );
  }
  return first.layout.featureSize;
}
