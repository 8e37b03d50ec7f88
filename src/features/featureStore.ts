/** @file Reading region features for training and answering: batches gathered from mapped shards. */

import { LxmertError } from '../common/errors.js';
import { fromTypedArray, requireMappedFiles, scope, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import { contentIdentity } from './contentIdentity.js';
import { type FeatureBatch, regionTensors } from './featureBatch.js';
import { FeaturePrefetcher } from './featurePrefetch.js';
import { MappedShard } from './mappedShard.js';
import type { ProvenancedFeatures } from './provenance.js';
import type { StatedRow } from './readRow.js';
import { mostBoxes } from './regionArrays.js';
import type { FeatureRow } from './row.js';
import type { Shard } from './shardFile.js';
import type { FeatureDType } from './shardFormat.js';
import { readSoundRow } from './shardRows.js';
import { type ImagePlace, type OpenStoreOptions, StoreIndex } from './storeIndex.js';

/** A region of an image. */
export interface RegionPlace {
  readonly imageId: string;
  readonly region: number;
}

export interface GatherOptions {
  /** Type of the features; default float32. `stored`: as in the store, without conversion. */
  readonly dtype?: FeatureDType | 'stored';
  /** Also the detector's labels and confidences (pre-training). */
  readonly labels?: boolean;
}

/** Of images that are asked for and never gathered no more are remembered. */
const MAX_PREFETCHED = 100_000;

/**
 * One or several stores, opened as one. Shards are mapped when first touched, and feature values go from the
 * mapping into the batch inside libtorch; JavaScript sees ids, boxes and labels only.
 */
export class FeatureStore implements ProvenancedFeatures, Disposable {
  readonly #index: StoreIndex;
  readonly #mapped: (MappedShard | undefined)[];
  /** Images whose features the disk was asked for and that were not gathered since. */
  readonly #prefetched = new Set<number>();
  /** Of the next batch, in the background. */
  #prefetcher: FeaturePrefetcher | undefined;
  #isDisposed = false;

  private constructor(index: StoreIndex) {
    this.#index = index;
    this.#mapped = new Array<undefined>(index.shards.length).fill(undefined);
  }

  /**
   * Opens a folder of shards, one shard's file, or several of them (training, nominival, minival). An image that
   * several stores hold is read from the first.
   *
   * @throws UsageError when there is no store; LxmertError when one is broken or unfinished.
   */
  static open(paths: string | readonly string[], options: OpenStoreOptions = {}): FeatureStore {
    return new FeatureStore(new StoreIndex(typeof paths === 'string' ? [paths] : paths, options));
  }

  /** Images of all stores, each once. */
  get numImages(): number {
    return this.#index.numImages;
  }

  /** In the order of stores and rows; {@link indexOf} counts in it. */
  get imageIds(): readonly string[] {
    return this.#index.imageIds;
  }

  /** Values of one region's feature vector. */
  get featureSize(): number {
    return this.#index.featureSize;
  }

  /** The stores and what is known of the detector behind each. */
  get origins(): ProvenancedFeatures['origins'] {
    return this.#index.origins;
  }

  /** Images that a later store holds again. */
  get numDuplicates(): number {
    return this.#index.numDuplicates;
  }

  /** Most boxes that an image can have here. */
  get maxBoxes(): number {
    return this.#index.shards.reduce((most, shard) => Math.max(most, shard.layout.numBoxes), 0);
  }

  /** By which a run knows its features again; `contentIdentity` says what is in it. */
  contentHash(): string {
    return contentIdentity(this.#index.shards);
  }

  /** True where there are features of the image. */
  has(imageId: string): boolean {
    return this.#index.has(imageId);
  }

  /** @throws LxmertError for an image that is not here. */
  indexOf(imageId: string): number {
    return this.#index.indexOf(imageId);
  }

  /**
   * The row of an image, read from its file: without libtorch, for who has none.
   *
   * @throws LxmertError for an image that is not here, or whose row breaks a rule
   */
  async readRow(imageId: string): Promise<FeatureRow> {
    return (await this.readStatedRow(imageId)).row;
  }

  /** The same, with what the image's store states of the detector. */
  async readStatedRow(imageId: string): Promise<StatedRow> {
    const { shard: number, row } = this.#index.placeAt(this.#index.indexOf(imageId));
    const shard = this.#index.shards[number] as Shard;
    return { row: await readSoundRow(shard, row), provenance: shard.metadata.provenance };
  }

  /**
   * The features of some images (one may occur several times), in the order asked for. The caller owns the
   * tensors; inside a `scope` they go with it.
   *
   * @throws LxmertError naming the image when it is not here or its boxes leave it, or the file when it can no longer
   * be read.
   */
  gather(imageIds: readonly string[], options: GatherOptions = {}): FeatureBatch {
    return this.gatherAt(
      imageIds.map((id) => this.#index.indexOf(id)),
      options,
    );
  }

  /**
   * Has the disk read the features of images that will be gathered next, while something else is computed. For a store
   * that memory does not hold; costs microseconds where it does.
   *
   * @throws LxmertError for an image that is not here
   */
  prefetch(imageIds: readonly string[]): void {
    if (this.#prefetched.size > MAX_PREFETCHED) this.#prefetched.clear();
    for (const id of imageIds) this.#prefetchAt(this.#index.indexOf(id));
  }

  /**
   * Brings the features of a batch together in the background, in memory that a GPU reads by itself where there is one;
   * {@link gather} of the same images with `dtype: 'stored'` then finds them there. Stores whose images differ in their
   * number of regions or their format are only prefetched.
   *
   * @throws LxmertError for an image that is not here
   */
  prefetchBatch(imageIds: readonly string[]): void {
    this.prefetch(imageIds);
    const indices = imageIds.map((id) => this.#index.indexOf(id));
    const places = indices.map((index) => this.#index.placeAt(index));
    const sources = [...new Set(places.map(({ shard }) => shard))].map((number) => this.#shard(number));
    const isFull = places.every(({ shard, row }) => {
      const mapped = this.#shard(shard);
      return mapped.regionsAt(row).numBoxes === mapped.shard.layout.numBoxes;
    });
    const [first] = sources;
    const isOneKind = sources.every(
      ({ shard: { layout } }) =>
        layout.dtype === first?.shard.layout.dtype && layout.numBoxes === first.shard.layout.numBoxes,
    );
    this.#prefetcher?.dispose();
    this.#prefetcher = undefined;
    if (!isFull || !isOneKind || places.length === 0) return;
    const numberOf = new Map(sources.map((source, i) => [source, i]));
    this.#prefetcher = new FeaturePrefetcher(
      indices,
      sources.map(({ features }) => features),
      Int32Array.from(places, ({ shard }) => numberOf.get(this.#shard(shard)) ?? 0),
      Int32Array.from(places, ({ row }) => row),
    );
  }

  #prefetchAt(index: number): void {
    if (this.#prefetched.has(index)) return;
    this.#prefetched.add(index);
    const { shard, row } = this.#index.placeAt(index);
    this.#shard(shard).prefetch(row);
  }

  /** As {@link gather}, with positions instead of ids. */
  gatherAt(indices: readonly number[], options: GatherOptions = {}): FeatureBatch {
    if (indices.length === 0) throw new RangeError('gather needs at least one image.');
    // All are asked for before the first is waited for: a disk is faster with many requests at once.
    for (const index of indices) this.#prefetchAt(index);
    for (const index of indices) this.#prefetched.delete(index);
    const prefetcher =
      options.dtype === 'stored' && this.#prefetcher?.isFor(indices) ? this.#prefetcher : undefined;
    try {
      const batch = this.#gatherPlaces(
        indices.map((index) => this.#index.placeAt(index)),
        options,
        prefetcher,
      );
      requireMappedFiles();
      return batch;
    } catch (error) {
      // What a lost file reads as makes errors of its own; the loss is the one to tell.
      requireMappedFiles();
      throw error;
    }
  }

  #gatherPlaces(
    places: readonly ImagePlace[],
    options: GatherOptions,
    prefetcher: FeaturePrefetcher | undefined,
  ): FeatureBatch {
    const rows = places.map(({ shard, row }) => this.#shard(shard).regionsAt(row));
    const width = mostBoxes(rows);
    return scope(() => ({
      features:
        prefetcher?.take() ??
        this.#gatherFeatures(
          places,
          rows.map((row) => row.numBoxes),
          width,
          options.dtype ?? 'float32',
        ),
      ...regionTensors(rows, width, options.labels ?? false),
    }));
  }

  /** Boxes of an image. @throws LxmertError for an image that is not here. */
  numBoxesOf(imageId: string): number {
    const { shard, row } = this.#index.placeAt(this.#index.indexOf(imageId));
    return this.#shard(shard).regionsAt(row).numBoxes;
  }

  /**
   * Features of single regions of any images, (regions, featureSize) float32.
   *
   * @throws LxmertError for an image that is not here
   */
  gatherRegions(regions: readonly RegionPlace[]): Tensor {
    const places = regions.map(({ imageId, region }) => {
      const { shard, row } = this.#index.placeAt(this.#index.indexOf(imageId));
      const mapped = this.#shard(shard);
      if (!(region >= 0 && region < mapped.regionsAt(row).numBoxes))
        throw new RangeError(`Image ${imageId} has no region ${region}.`);
      mapped.prefetch(row, region, 1);
      return { mapped, row, region };
    });
    return scope(() => {
      const target = ops.empty([regions.length, this.featureSize]);
      for (const [i, { mapped, row, region }] of places.entries()) {
        const from = ops.select(ops.select(mapped.features, 0, row), 0, region); // (featureSize)
        scope(() => ops.copy_(ops.select(target, 0, i), from));
      }
      return target;
    });
  }

  /** (B, width, featureSize). */
  #gatherFeatures(
    places: readonly ImagePlace[],
    numBoxes: readonly number[],
    width: number,
    dtype: FeatureDType | 'stored',
  ): Tensor {
    const sources = places.map(({ shard }) => this.#shard(shard).features);
    const [first] = sources as [Tensor, ...Tensor[]];
    const target = dtype === 'stored' ? storedType(sources) : dtype;
    // All from one shard and nothing to pad: one operator call copies everything.
    if (first.shape[1] === width && numBoxes.every((n) => n === width) && sources.every((s) => s === first)) {
      const rows = fromTypedArray(BigInt64Array.from(places, ({ row }) => BigInt(row)));
      return ops.to(ops.indexSelect(first, 0, rows), target);
    }
    const isPadded = numBoxes.some((n) => n < width);
    const shape = [places.length, width, this.featureSize];
    const batch = isPadded ? ops.zeros(shape, { dtype: target }) : ops.empty(shape, { dtype: target });
    for (const [i, { row }] of places.entries())
      copyRow(batch, i, sources[i] as Tensor, row, numBoxes[i] as number);
    return batch;
  }

  #shard(number: number): MappedShard {
    if (this.#isDisposed) throw new LxmertError('This feature store was closed.');
    const shard = this.#index.shards[number];
    if (shard === undefined) throw new RangeError(`There is no shard ${number}.`);
    this.#mapped[number] ??= new MappedShard(shard);
    return this.#mapped[number];
  }

  /** Ends the mappings. Batches gathered before stay. */
  dispose(): void {
    this.#isDisposed = true;
    this.#prefetcher?.dispose();
    this.#prefetcher = undefined;
    for (const shard of this.#mapped) shard?.dispose();
    this.#mapped.fill(undefined);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Copies and converts in one pass. */
function copyRow(batch: Tensor, i: number, source: Tensor, row: number, numBoxes: number): void {
  scope(() => {
    // (width, size) and (room, size), cut to (numBoxes, size)
    const to = ops.narrow(ops.select(batch, 0, i), 0, 0, numBoxes);
    const from = ops.narrow(ops.select(source, 0, row), 0, 0, numBoxes);
    ops.copy_(to, from);
  });
}

/** float16 when all of a batch is, so that nothing loses precision. */
function storedType(sources: readonly Tensor[]): FeatureDType {
  return sources.every((source) => source.dtype === 'float16') ? 'float16' : 'float32';
}
