/** @file The arithmetic of multi-head attention over packed rows. */

import type { Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import type { Segments } from '../packing.js';
import { dropout } from './dropout.js';
import { canFuse, isOnGpu } from './mode.js';
import { slotCrossAttention, slotSelfAttention } from './slotAttention.js';

export interface AttentionSettings {
  readonly numHeads: number;
  /** 0 when not training. */
  readonly dropout: number;
  /** Return the probabilities, before dropout: then the plain version runs. */
  readonly wantProbabilities: boolean;
}

export interface AttentionRows {
  /** (query rows, H) */
  readonly context: Tensor;
  /** Of each segment (heads, queries, keys); only when asked for. */
  readonly probabilities: readonly Tensor[] | undefined;
}

/** Among rows of query, key and value side by side: projected (rows, 3H). */
export function selfAttention(
  projected: Tensor,
  segments: Segments,
  settings: AttentionSettings,
): AttentionRows {
  if (!settings.wantProbabilities && canFuse(projected) && !isOnGpu(projected)) {
    const { numHeads, dropout: p } = settings;
    return {
      context: ops.packedSelfAttention(projected, segments.tensor(), numHeads, p),
      probabilities: undefined,
    };
  }
  if (!settings.wantProbabilities && segments.sides !== undefined && isOnGpu(projected)) {
    return { context: slotSelfAttention(projected, segments.sides, settings), probabilities: undefined };
  }
  const hidden = (projected.shape[1] ?? 0) / 3;
  const [queries, keys, values] = ops.split(projected, [hidden, hidden, hidden], 1) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  return plainAttention(queries, keys, values, segments, settings);
}

/** From queries (rows, H) to keys and values side by side (other rows, 2H). */
export function crossAttention(
  queries: Tensor,
  keysValues: Tensor,
  segments: Segments,
  settings: AttentionSettings,
): AttentionRows {
  if (!settings.wantProbabilities && canFuse(queries) && !isOnGpu(queries)) {
    const { numHeads, dropout: p } = settings;
    return {
      context: ops.packedCrossAttention(queries, keysValues, segments.tensor(), numHeads, p),
      probabilities: undefined,
    };
  }
  if (!settings.wantProbabilities && segments.sides !== undefined && isOnGpu(queries)) {
    const context = slotCrossAttention(queries, keysValues, segments.sides, settings);
    return { context, probabilities: undefined };
  }
  const hidden = queries.shape[1] ?? 0;
  const [keys, values] = ops.split(keysValues, [hidden, hidden], 1) as [Tensor, Tensor];
  return plainAttention(queries, keys, values, segments, settings);
}

/** softmax(q k^T / sqrt(head size)) v of each segment, one after the other; segments cover the queries in order. */
function plainAttention(
  queries: Tensor,
  keys: Tensor,
  values: Tensor,
  segments: Segments,
  settings: AttentionSettings,
): AttentionRows {
  const hidden = queries.shape[1] ?? 0;
  const headSize = hidden / settings.numHeads;
  /** (rows, H) -> (count, heads, head size) -> (heads, count, head size) */
  const heads = (rows: Tensor, start: number, count: number): Tensor =>
    ops.transpose(ops.reshape(ops.narrow(rows, 0, start, count), [count, settings.numHeads, headSize]), 0, 1);
  const probabilities: Tensor[] = [];
  const contexts = segments.list.map(({ queryStart, numQueries, keyStart, numKeys }) => {
    const query = heads(queries, queryStart, numQueries);
    const key = heads(keys, keyStart, numKeys);
    const scores = ops.div(ops.matmul(query, ops.transpose(key, -1, -2)), Math.sqrt(headSize));
    const weights = ops.softmax(scores, -1); // (heads, queries, keys)
    if (settings.wantProbabilities) probabilities.push(weights);
    const flat = ops.reshape(weights, [settings.numHeads * numQueries, numKeys]);
    const kept = ops.view(dropout(flat, settings.dropout, true), weights.shape);
    const context = ops.matmul(kept, heads(values, keyStart, numKeys)); // (heads, queries, head size)
    return ops.reshape(ops.transpose(context, 0, 1), [numQueries, hidden]);
  });
  return {
    context: ops.cat(contexts, 0),
    probabilities: settings.wantProbabilities ? probabilities : undefined,
  };
}
