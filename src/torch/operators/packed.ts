/**
 * @file This project's own operators (native/operators): over packed rows (rows, size) in float32 or bfloat16, on GPUs
 * in float16 too. Weights, biases and what belongs to norms may be float32 where the rows are not.
 */

import type { Tensor } from '../tensor.js';
import { operator } from './operator.js';

/**
 * x W^T + bias, of the weight's rows [firstRow, firstRow + numRows); all of them when left out.
 * The gradient goes into the parameter's gradient buffer where it has one (`setParameterBuffers`).
 */
export const packedLinear =
  operator<(x: Tensor, weight: Tensor, bias: Tensor | null, firstRow?: number, numRows?: number) => Tensor>(
    'lxmert::linear',
  );

/** GELU(x W^T + bias), by erf. */
export const packedLinearGelu =
  operator<(x: Tensor, weight: Tensor, bias: Tensor) => Tensor>('lxmert::linear_gelu');

/** LayerNorm(dropout(x W^T + bias) + residual) */
export const packedSublayerOutput =
  operator<
    (
      x: Tensor,
      weight: Tensor,
      bias: Tensor,
      residual: Tensor,
      normWeight: Tensor,
      normBias: Tensor,
      eps: number,
      dropout: number,
    ) => Tensor
  >('lxmert::sublayer_output');

export const packedLayerNorm =
  operator<(x: Tensor, weight: Tensor, bias: Tensor, eps: number) => Tensor>('lxmert::layer_norm');

/**
 * Multi-head attention among rows of query, key and value side by side.
 *
 * @param projected (rows, 3H)
 * @param segments (S, 4) int32: first query row, query rows, first key row, key rows
 * @returns (rows, H)
 */
export const packedSelfAttention =
  operator<(projected: Tensor, segments: Tensor, numHeads: number, dropout: number) => Tensor>(
    'lxmert::self_attention',
  );

/** The same with queries (rows, H) and keys and values (other rows, 2H) apart. */
export const packedCrossAttention =
  operator<
    (queries: Tensor, keysValues: Tensor, segments: Tensor, numHeads: number, dropout: number) => Tensor
  >('lxmert::cross_attention');

/**
 * Rows by an index that has an inverse. The gradient is taken by `inverse`, times `counts` (rows, 1), which is 0 where the
 * inverse names a row that stands for nothing.
 */
export const exchangeRows =
  operator<(rows: Tensor, index: Tensor, inverse: Tensor, counts: Tensor | null) => Tensor>(
    'lxmert::exchange_rows',
  );

/**
 * softmax(q k^T / sqrt(size)) v in libtorch's fused kernels where its version has them; all (S, heads, L, size).
 *
 * @param mask bool, true where a key may be attended to; broadcast to (S, heads, queries, keys)
 */
export const scaledDotProduct = operator<
  (queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | null, dropout: number) => Tensor
>('lxmert::scaled_dot_product');

/** Rows of a float32 table; `paddingIndex` names the row that gets no gradient. (rows) -> (rows, size) */
export const packedEmbedding =
  operator<(table: Tensor, indices: Tensor, paddingIndex: number) => Tensor>('lxmert::embedding');

/**
 * (rows, size) float32 of 0 with this probability (met within 1 / 131072) and 1 / (1 - p) otherwise. The same for
 * the same state of the CPU generator, whatever the number of threads.
 */
export const dropoutFactors =
  operator<(rows: number, size: number, probability: number) => Tensor>('lxmert::dropout_factors');

/** The sum of the squares of all values, in float64. */
export const sumOfSquares = operator<(values: Tensor) => number>('lxmert::sum_of_squares');

/**
 * One step of BertAdam over flat buffers, in place; `copy` (bfloat16) gets the new parameters too.
 */
export const bertAdam_ =
  operator<
    (
      parameters: Tensor,
      gradients: Tensor,
      mean: Tensor,
      meanSquare: Tensor,
      copy: Tensor | null,
      gradientScale: number,
      rate: number,
      beta1: number,
      beta2: number,
      eps: number,
      weightDecay: number,
    ) => void
  >('lxmert::bert_adam_');

/** What a dense layer does to its sums; the numbers are those of native/kernels/kernels.h. */
export const ACTIVATIONS = { none: 0, gelu: 1, tanh: 2, relu: 3 } as const;

/**
 * A weight (out, in) as this processor's kernels read it: the panels and the shape. A list for `packedWeightLinear` and
 * `unpackWeight`, not for files: another processor has other panels.
 */
export const packWeight = operator<(weight: Tensor) => Tensor[]>('lxmert::pack_weight');

/**
 * A weight (out, in) float32 in 8 bits, a scale for each output: values (out, in) int8 and scales (out) float32. No value is
 * further than half a scale from its own. `unpackWeight` makes a plain weight of the two.
 */
export const roundWeight = operator<(weight: Tensor) => Tensor[]>('lxmert::round_weight');

/** What `roundWeight` gives as this processor's kernels read it: a list as of `packWeight`. */
export const packRounded = operator<(values: Tensor, scales: Tensor) => Tensor[]>('lxmert::pack_rounded');

/**
 * Rows (rows, in) float32 as the named kernels round them: values (rows, in and up to 7 more) uint8, scales (rows) float32,
 * zeros (rows) int32; a value is its scale times what it is above zero.
 */
export const int8RoundRows =
  operator<(x: Tensor, kernels: string) => [Tensor, Tensor, Tensor]>('lxmert::int8_round_rows');

/** Whole sums of products, rows (rows, in) uint8 and values (out, in) int8 -> (rows, out) int32, by the named kernels. */
export const int8Sums =
  operator<(rows: Tensor, values: Tensor, kernels: string) => Tensor>('lxmert::int8_sums');

/** To be called when the weights of a model are packed: their memory is exchanged for large pages meanwhile. */
export const settleWeights = operator<() => void>('lxmert::settle_weights');

/** The weight (out, in) float32 again. */
export const unpackWeight = operator<(packed: readonly Tensor[]) => Tensor>('lxmert::unpack_weight');

/**
 * activation(x W^T + bias) of the columns [firstColumn, firstColumn + numColumns), all of them when left out. Has a
 * gradient by x alone.
 */
export const packedWeightLinear =
  operator<
    (
      x: Tensor,
      packed: readonly Tensor[],
      bias: Tensor | null,
      activation?: number,
      firstColumn?: number,
      numColumns?: number,
    ) => Tensor
  >('lxmert::packed_linear');

/**
 * Streams of rows, each through layers of its own (attention and feed-forward), side by side in one call; no gradients.
 *
 * @param segments of each stream (S, 4), as {@link packedSelfAttention} takes them
 * @param weights of all layers in a list: of each attention the packed weight and bias of query, key and value, those of
 * the output, weight and shift of the norm; of each feed-forward the same with its two dense layers
 * @param numLayers of each stream
 * @param tensorsPerWeight the length of the list that a packed weight is
 */
export const packedLayers =
  operator<
    (
      rows: readonly Tensor[],
      segments: readonly Tensor[],
      weights: readonly Tensor[],
      numLayers: readonly number[],
      tensorsPerWeight: number,
      numHeads: number,
      eps: number,
    ) => Tensor[]
  >('lxmert::packed_layers');

/**
 * Cross-modality layers in one call; no gradients.
 *
 * @param segments both ways, of words, of regions; with two more, words at regions and first words at words, a last
 * layer computes the first word of each sentence alone
 * @param weights as {@link packedLayers}; of each layer attention across, among words, among regions, feed-forward of
 * words and of regions; of that last layer attention across, among words, feed-forward of words
 * @returns rows of words and of regions, or the first words alone
 */
export const packedCrossLayers = operator<
  (
    language: Tensor,
    vision: Tensor,
    segments: readonly Tensor[],
    weights: readonly Tensor[],
    numLayers: number,
    tensorsPerWeight: number,
    numHeads: number,
    eps: number,
  ) => Tensor[]
>('lxmert::packed_cross_layers');

/**
 * (LayerNorm(features W^T + bias) + LayerNorm(boxes V^T + bias)) / 2 in one call; no gradients.
 *
 * @param weights packed weight of the features, bias, weight and shift of the norm; plain weight of the boxes and the same
 */
export const packedRegions =
  operator<(features: Tensor, boxes: Tensor, weights: readonly Tensor[], eps: number) => Tensor>(
    'lxmert::packed_regions',
  );
