/** @file A shard mapped into memory: pages come from the disk when they are touched. */

import { LxmertError, messageOf } from '../common/errors.js';
import {
  adviseMapped,
  bytesOf,
  type DType,
  keep,
  mapFile,
  scope,
  type Tensor,
  type TypedArray,
} from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import type { RegionRow } from './regionArrays.js';
import type { Shard } from './shardFile.js';
import type { ShardTensorName } from './shardFormat.js';

/** Holds the mapping until {@link dispose}. */
export class MappedShard implements Disposable {
  /** (numImages, numBoxes, featureSize) in the stored type. */
  readonly features: Tensor;
  // Views of the mapping; each keeps it alive by itself.
  readonly #objectsId: BigInt64Array;
  readonly #attrsId: BigInt64Array;
  readonly #numBoxes: BigInt64Array;
  readonly #sizes: BigInt64Array;
  readonly #boxes: Float32Array;
  readonly #objectsConf: Float32Array;
  readonly #attrsConf: Float32Array;
  readonly #bytesOfRegion: number;

  constructor(readonly shard: Shard) {
    const { layout, numImages } = shard;
    this.#objectsId = mapArray(shard, 'objects_id', 'int64') as BigInt64Array;
    this.#attrsId = mapArray(shard, 'attrs_id', 'int64') as BigInt64Array;
    this.#numBoxes = mapArray(shard, 'num_boxes', 'int64') as BigInt64Array;
    this.#sizes = mapArray(shard, 'sizes', 'int64') as BigInt64Array;
    this.#boxes = mapArray(shard, 'boxes', 'float32') as Float32Array;
    this.#objectsConf = mapArray(shard, 'objects_conf', 'float32') as Float32Array;
    this.#attrsConf = mapArray(shard, 'attrs_conf', 'float32') as Float32Array;
    // Inside a scope the mapping's size is not counted as JavaScript's memory, which it does not use.
    this.features = scope(() =>
      keep(
        ops.view(mapTensor(shard, 'features', layout.dtype), [
          numImages,
          layout.numBoxes,
          layout.featureSize,
        ]),
      ),
    );
    this.#bytesOfRegion = layout.featureSize * bytesOf(layout.dtype);
    adviseMapped(this.features, 'random', 0, numImages * layout.numBoxes * this.#bytesOfRegion);
  }

  /**
   * Everything but the features of one image, as views without padding.
   *
   * @throws LxmertError naming file and image for an impossible number of boxes or size.
   */
  regionsAt(row: number): RegionRow {
    const room = this.shard.layout.numBoxes;
    const n = Number(this.#numBoxes[row]);
    const height = Number(this.#sizes[row * 2]);
    const width = Number(this.#sizes[row * 2 + 1]);
    const imageId = this.shard.metadata.imageIds[row] ?? '';
    if (!(n >= 1 && n <= room && height >= 1 && width >= 1))
      throw new LxmertError(
        `${this.shard.path}, image ${imageId}: ${n} boxes in an image of ${width} x ${height} pixels cannot be. ` +
          'Run: lxmert features verify',
      );
    const from = row * room;
    return {
      imageId,
      height,
      width,
      numBoxes: n,
      objectsId: this.#objectsId.subarray(from, from + n),
      objectsConf: this.#objectsConf.subarray(from, from + n),
      attrsId: this.#attrsId.subarray(from, from + n),
      attrsConf: this.#attrsConf.subarray(from, from + n),
      boxes: this.#boxes.subarray(from * 4, (from + n) * 4),
    };
  }

  /** Has the disk read the features of some regions of an image, all of them when none is named, in the background. */
  prefetch(row: number, firstRegion = 0, numRegions = this.shard.layout.numBoxes): void {
    const first = row * this.shard.layout.numBoxes + firstRegion;
    const bytes = this.#bytesOfRegion;
    adviseMapped(this.features, 'willneed', first * bytes, numRegions * bytes);
  }

  dispose(): void {
    this.features.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function mapTensor(shard: Shard, name: ShardTensorName, dtype: DType): Tensor {
  const { byteOffset, numElements } = shard.tensors[name];
  try {
    return mapFile(shard.path, byteOffset, numElements, dtype);
  } catch (error) {
    throw new LxmertError(
      `The feature shard ${shard.path} was there when its store was opened and can no longer be read (${messageOf(error)}). Bring it back.`,
      { cause: error },
    );
  }
}

function mapArray(shard: Shard, name: ShardTensorName, dtype: DType): TypedArray {
  return scope(() => mapTensor(shard, name, dtype).data());
}
