/** @file Whole layers of a model that only answers, on the processor: packed weights in a list, one call for many layers. */

import type { Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import type { DenseWeight } from '../leaf.js';
import type { Packing } from '../packing.js';
import { Segments } from '../packing.js';
import type { NormParameters } from './layerNorm.js';
import { canFuse } from './mode.js';

/** A dense layer as its packed weight and its bias. */
export interface DenseParameters {
  readonly weight: DenseWeight;
  readonly bias: Tensor;
}

/** The dense layers and the norm of a sublayer, in the order in which they are computed. */
export interface SublayerParameters {
  readonly dense: readonly [DenseParameters, DenseParameters];
  readonly norm: NormParameters;
}

export interface PackedLayersSettings {
  readonly numHeads: number;
  readonly eps: number;
}

/** Rows of a stream, where its sequences lie, and the sublayers that they go through. */
export interface PackedStream {
  /** (rows, H) */
  readonly rows: Tensor;
  readonly packing: Packing;
  /** Attention, feed-forward, attention, ... */
  readonly sublayers: readonly SublayerParameters[];
}

/** True when layers of such weights can take the rows in one call: they are packed, and no gradient is asked for. */
export function canAnswerPacked(rows: Tensor, weight: DenseWeight): boolean {
  return weight.packed !== undefined && canFuse(rows) && !rows.requiresGrad;
}

/**
 * (LayerNorm(dense(features)) + LayerNorm(dense(boxes))) / 2
 *
 * @param ofFeatures a dense layer, packed, and its norm
 * @param ofBoxes likewise, not packed: it has four columns
 * @returns (rows, H)
 */
export function packedRegions(
  features: Tensor,
  boxes: Tensor,
  [dense, norm]: readonly [DenseParameters, NormParameters],
  [boxDense, boxNorm]: readonly [DenseParameters, NormParameters],
): Tensor {
  const weights = [...(dense.weight.packed ?? []), dense.bias, norm.weight, norm.bias];
  const boxWeights = [boxDense.weight.tensor, boxDense.bias, boxNorm.weight, boxNorm.bias];
  return ops.packedRegions(features, boxes, [...weights, ...boxWeights], norm.eps);
}

/** Streams that do not depend on each other, side by side: (rows, H) -> (rows, H) each. */
export function packedLayers(streams: readonly PackedStream[], settings: PackedLayersSettings): Tensor[] {
  const list = tensorList(streams.flatMap(({ sublayers }) => sublayers));
  return ops.packedLayers(
    streams.map(({ rows }) => rows),
    streams.map(({ packing }) => Segments.within(packing).tensor()),
    list.tensors,
    streams.map(({ sublayers }) => sublayers.length / 2),
    list.tensorsPerWeight,
    settings.numHeads,
    settings.eps,
  );
}

/**
 * The cross-modality layers.
 *
 * @param sublayers of each layer: attention across, among words, among regions, feed-forward of words, of regions
 * @param lastSublayers of a last layer that computes the first word of each sentence alone: attention across, among
 * words, feed-forward of words
 * @returns both streams (rows, H), or the first words (B, H) alone
 */
export function packedCrossLayers(
  language: Pick<PackedStream, 'rows' | 'packing'>,
  vision: Pick<PackedStream, 'rows' | 'packing'>,
  sublayers: readonly SublayerParameters[],
  lastSublayers: readonly SublayerParameters[] | undefined,
  settings: PackedLayersSettings,
): Tensor[] {
  const [words, regions] = [language.packing, vision.packing];
  const segments = [Segments.bothWays(words, regions), Segments.within(words), Segments.within(regions)];
  if (lastSublayers !== undefined) segments.push(Segments.between(words, regions), Segments.firstRows(words));
  const list = tensorList([...sublayers, ...(lastSublayers ?? [])]);
  return ops.packedCrossLayers(
    language.rows,
    vision.rows,
    segments.map((each) => each.tensor()),
    list.tensors,
    sublayers.length / 5,
    list.tensorsPerWeight,
    settings.numHeads,
    settings.eps,
  );
}

function tensorList(sublayers: readonly SublayerParameters[]) {
  const tensors: Tensor[] = [];
  let tensorsPerWeight = 2;
  for (const { dense, norm } of sublayers) {
    for (const { weight, bias } of dense) {
      if (weight.packed === undefined) throw new RangeError('Only packed weights are taken in a list.');
      tensorsPerWeight = weight.packed.length;
      tensors.push(...weight.packed, bias);
    }
    tensors.push(norm.weight, norm.bias);
  }
  return { tensors, tensorsPerWeight };
}
