/**
 * @file The detector's network in plain loops over arrays of doubles: the truth for the one that runs on libtorch.
 * Written from the description of the Caffe original; it shares nothing with src/vision/detector but the names.
 */

import type { DetectorArchitecture, StageArchitecture } from '../../src/vision/detector/architecture.js';
import { type PlainBox, plainRoiMaxPool } from './plainDetection.js';

/** Channels, height and width of values (C, H, W). */
export interface PlainMap {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly values: Float64Array;
}

export type PlainWeights = ReadonlyMap<
  string,
  { readonly shape: readonly number[]; readonly values: Float32Array }
>;

interface Settings {
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
}

export class PlainDetector {
  /** The output of every layer by its name; of region layers, one map for each region. */
  readonly layers = new Map<string, PlainMap[]>();
  readonly #weights: PlainWeights;
  readonly #architecture: DetectorArchitecture;

  constructor(weights: PlainWeights, architecture: DetectorArchitecture) {
    this.#weights = weights;
    this.#architecture = architecture;
  }

  /** The map that regions are pooled from, and the proposal network's logits and deltas. */
  image(values: Float32Array, height: number, width: number): PlainMap {
    const input = { channels: 3, height, width, values: Float64Array.from(values) };
    let x = this.#record('conv1', relu(this.#convolve('conv1', input, { stride: 2, padding: 3 })));
    x = this.#record('pool1', poolThree(x));
    for (const stage of this.#architecture.imageStages) x = this.#stage(stage, x);
    const hidden = this.#record('rpn_conv/3x3', relu(this.#convolve('rpn_conv/3x3', x, { padding: 1 })));
    this.#record('rpn_cls_score', this.#convolve('rpn_cls_score', hidden));
    this.#record('rpn_bbox_pred', this.#convolve('rpn_bbox_pred', hidden));
    return x;
  }

  /** Feature, class and attribute probabilities of one region of the map. */
  region(map: PlainMap, box: PlainBox): { feature: number[]; classes: number[]; attributes: number[] } {
    const { pooledSize, regionStage } = this.#architecture;
    const pooled = plainRoiMaxPool(
      map.values,
      [map.channels, map.height, map.width],
      [box],
      1 / 16,
      pooledSize,
    );
    const bins = {
      channels: map.channels,
      height: pooledSize,
      width: pooledSize,
      values: Float64Array.from(pooled),
    };
    const last = this.#stage(regionStage, this.#record('roi_pool5', bins));
    const feature = Array.from({ length: last.channels }, (_, c) => {
      const cells = last.values.subarray(c * pooledSize ** 2, (c + 1) * pooledSize ** 2);
      return cells.reduce((sum, value) => sum + value, 0) / cells.length;
    });
    this.#recordRow('pool5_flat', feature);
    const logits = this.#recordRow('cls_score', this.#product('cls_score', feature));
    const predicted = logits.indexOf(Math.max(...logits));
    const table = this.#weights.get('cls_embedding.weight')!;
    const size = table.shape[1]!;
    const embedding = table.values.subarray(predicted * size, (predicted + 1) * size);
    const hidden = this.#product('fc_attr', [...feature, ...embedding]).map((value) => Math.max(value, 0));
    this.#recordRow('fc_attr', hidden);
    const attributes = this.#recordRow('attr_score', this.#product('attr_score', hidden));
    return { feature, classes: softmax(logits), attributes: softmax(attributes) };
  }

  #stage({ name, blocks, stride, dilation }: StageArchitecture, input: PlainMap): PlainMap {
    let x = input;
    for (const [i, block] of blocks.entries()) {
      const layer = `${name}${block}`;
      const first = i === 0 ? stride : 1;
      const a = this.#record(
        `${layer}_branch2a`,
        relu(this.#convolve(`${layer}_branch2a`, x, { stride: first })),
      );
      const spread = this.#convolve(`${layer}_branch2b`, a, { padding: dilation, dilation });
      const b = this.#record(`${layer}_branch2b`, relu(spread));
      const c = this.#convolve(`${layer}_branch2c`, b);
      this.#record(`${layer}_branch2c`, c);
      const shortcut =
        i === 0 ? this.#record(`${layer}_branch1`, this.#convolve(`${layer}_branch1`, x, { stride })) : x;
      x = this.#record(
        layer,
        relu({ ...c, values: c.values.map((value, k) => value + shortcut.values[k]!) }),
      );
    }
    return x;
  }

  #convolve(
    name: string,
    input: PlainMap,
    { stride = 1, padding = 0, dilation = 1 }: Settings = {},
  ): PlainMap {
    const { shape, values: weight } = this.#weights.get(`${name}.weight`)!;
    const bias = this.#weights.get(`${name}.bias`)!.values;
    const [channels, inputs, kernel] = shape as [number, number, number];
    const sizeOf = (size: number): number =>
      Math.floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;
    const [height, width] = [sizeOf(input.height), sizeOf(input.width)];
    const values = new Float64Array(channels * height * width);
    for (let o = 0; o < channels; o++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          let sum = bias[o]!;
          for (let c = 0; c < inputs; c++) {
            for (let ky = 0; ky < kernel; ky++) {
              for (let kx = 0; kx < kernel; kx++) {
                const sourceY = y * stride - padding + ky * dilation;
                const sourceX = x * stride - padding + kx * dilation;
                if (sourceY < 0 || sourceX < 0 || sourceY >= input.height || sourceX >= input.width) continue;
                sum +=
                  weight[((o * inputs + c) * kernel + ky) * kernel + kx]! *
                  input.values[(c * input.height + sourceY) * input.width + sourceX]!;
              }
            }
          }
          values[(o * height + y) * width + x] = sum;
        }
      }
    }
    return { channels, height, width, values };
  }

  #product(name: string, input: readonly number[]): number[] {
    const weight = this.#weights.get(`${name}.weight`)!.values;
    const bias = this.#weights.get(`${name}.bias`)!.values;
    return Array.from(bias, (start, o) =>
      input.reduce((sum, value, i) => sum + weight[o * input.length + i]! * value, start),
    );
  }

  #record(name: string, map: PlainMap): PlainMap {
    this.layers.set(name, [...(this.layers.get(name) ?? []), map]);
    return map;
  }

  #recordRow(name: string, values: number[]): number[] {
    this.#record(name, { channels: values.length, height: 1, width: 1, values: Float64Array.from(values) });
    return values;
  }
}

function relu(map: PlainMap): PlainMap {
  return { ...map, values: map.values.map((value) => Math.max(value, 0)) };
}

/** Maximum over 3x3 windows every 2 cells, as many as start inside or end at the border; clipped there. */
function poolThree({ channels, height, width, values }: PlainMap): PlainMap {
  const sizeOf = (size: number): number => Math.ceil((size - 3) / 2) + 1;
  const [rows, columns] = [sizeOf(height), sizeOf(width)];
  const pooled = new Float64Array(channels * rows * columns).fill(Number.NEGATIVE_INFINITY);
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        for (let sourceY = 2 * y; sourceY < Math.min(2 * y + 3, height); sourceY++) {
          for (let sourceX = 2 * x; sourceX < Math.min(2 * x + 3, width); sourceX++) {
            const target = (c * rows + y) * columns + x;
            pooled[target] = Math.max(pooled[target]!, values[(c * height + sourceY) * width + sourceX]!);
          }
        }
      }
    }
  }
  return { channels, height: rows, width: columns, values: pooled };
}

function softmax(logits: readonly number[]): number[] {
  const largest = Math.max(...logits);
  const shares = logits.map((value) => Math.exp(value - largest));
  const sum = shares.reduce((total, share) => total + share, 0);
  return shares.map((share) => share / sum);
}
