/** @file Multi-head attention on GPUs: rows in slots, and libtorch's fused kernels over all sequences at once. */

import type { Device, Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import type { Packing, SegmentSides } from '../packing.js';
import { fromSlots, type SlotLayout, slotLayout, toSlots } from '../slots.js';

/** Tensors (S, heads, L, head size) of the slots of one packing. */
interface SlotHeads {
  readonly layout: SlotLayout;
  readonly parts: readonly Tensor[];
}

interface SlotAttentionSettings {
  readonly numHeads: number;
  readonly dropout: number;
}

/** projected (rows, 3H) -> (rows, H) */
export function slotSelfAttention(
  projected: Tensor,
  sides: SegmentSides,
  settings: SlotAttentionSettings,
): Tensor {
  const { numHeads } = settings;
  if (sides.kind === 'within') {
    const heads = headsOf(projected, sides.rows, 3, numHeads);
    return attend(heads, heads, settings);
  }
  if (sides.kind !== 'bothWays') throw new RangeError('Queries and keys are apart: use cross-attention.');
  const { first, second } = sides;
  const [upper, lower] = ops.split(projected, [first.numRows, second.numRows], 0) as [Tensor, Tensor];
  const [a, b] = [headsOf(upper, first, 3, numHeads), headsOf(lower, second, 3, numHeads)];
  return ops.cat([attend(a, b, settings), attend(b, a, settings)], 0);
}

/** queries (rows, H), keys and values (other rows, 2H) -> (rows, H) */
export function slotCrossAttention(
  queries: Tensor,
  keysValues: Tensor,
  sides: SegmentSides,
  settings: SlotAttentionSettings,
): Tensor {
  if (sides.kind !== 'between')
    throw new RangeError('Queries and keys are the same rows: use self-attention.');
  const { numHeads } = settings;
  return attend(
    headsOf(queries, sides.queries, 1, numHeads),
    headsOf(keysValues, sides.keys, 2, numHeads),
    settings,
  );
}

/** rows (rows, count * H) in slots, each of the `count` by heads */
function headsOf(rows: Tensor, packing: Packing, count: number, numHeads: number): SlotHeads {
  const layout = packing.slots ?? slotLayout(packing, rows.device as Device);
  const size = (rows.shape[1] ?? 0) / count / numHeads;
  const { numSequences, width } = layout;
  const split = ops.view(toSlots(rows, layout), [numSequences, width, count, numHeads, size]);
  // (S, L, count, heads, size) -> count of (S, heads, L, size)
  return { layout, parts: ops.unbind(ops.permute(split, [2, 0, 3, 1, 4]), 0) };
}

/**
 * @param query of which the queries are taken, the first of what was projected
 * @param key of which the keys and values are taken, the last two
 */
function attend(query: SlotHeads, key: SlotHeads, { numHeads, dropout }: SlotAttentionSettings): Tensor {
  const [queries] = query.parts;
  const [keys, values] = key.parts.slice(-2);
  if (queries === undefined || keys === undefined || values === undefined) {
    throw new RangeError('Attention needs queries, keys and values.');
  }
  const context = ops.scaledDotProduct(queries, keys, values, key.layout.isKey, dropout); // (S, heads, L, size)
  const { numSequences, width } = query.layout;
  const hidden = numHeads * (queries.shape[3] ?? 0);
  const slots = ops.reshape(ops.transpose(context, 1, 2), [numSequences * width, hidden]);
  return fromSlots(slots, query.layout);
}
