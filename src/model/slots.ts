/**
 * @file Packed rows laid out in slots, equally many for each sequence, as the attention kernels of GPUs want them. On
 * the processor nothing of this is needed: its kernel reads rows where they lie.
 */

import { type Device, fromTypedArray, place, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';

/** Sequences that lie one below the other as rows. */
export interface RowSequences {
  /** Rows of each sequence. */
  readonly lengths: readonly number[];
  /** First row of each sequence. */
  readonly starts: readonly number[];
  /** How many leading rows of each may be attended to: all of them unless padding was kept. */
  readonly numKeys: readonly number[];
  readonly numRows: number;
  /** Columns of the padded form. */
  readonly width: number;
}

/** S sequences of at most L rows. What is null is not needed: rows and slots are then the same. */
export interface SlotLayout {
  readonly numSequences: number;
  /** L */
  readonly width: number;
  /** (S * L) int32: the row in each slot; row 0 in a slot without one. */
  readonly slotRows: Tensor | null;
  /** (rows) int32: each row's slot. */
  readonly rowSlots: Tensor | null;
  /** (S * L, 1) float32: 1 where a slot has a row of its own, else 0. */
  readonly isRow: Tensor | null;
  /** (rows, 1) float32: 0 for rows that belong to no sequence; null when all do. */
  readonly isOwned: Tensor | null;
  /** (S, 1, 1, L) bool: slots that may be attended to; null when all may. */
  readonly isKey: Tensor | null;
}

/** Widths on GPUs are multiples of this: kernels read masks in units of eight, and few widths need few graphs. */
export const WIDTH_UNIT = 8;

/** The slots of a batch's rows, on `device`. Call it inside a scope: the tensors belong to it. */
export function slotLayout(sequences: RowSequences, device: Device): SlotLayout {
  const { lengths, starts, numKeys, numRows, width } = sequences;
  const numSequences = lengths.length;
  const isWhole = numRows === numSequences * width && lengths.every((length) => length === width);
  const longest = lengths.reduce((most, length) => Math.max(most, length), 1);
  const slots = isWhole ? width : Math.ceil(longest / WIDTH_UNIT) * WIDTH_UNIT;
  const slotRows = new Int32Array(numSequences * slots);
  const rowSlots = new Int32Array(numRows);
  const isRow = new Float32Array(numSequences * slots);
  const isOwned = new Float32Array(numRows);
  const isKey = new Uint8Array(numSequences * slots);
  for (const [sequence, length] of lengths.entries()) {
    const start = starts[sequence] ?? 0;
    const slot = sequence * slots;
    for (let i = 0; i < length; i++) {
      slotRows[slot + i] = start + i;
      rowSlots[start + i] = slot + i;
    }
    isRow.fill(1, slot, slot + length);
    isOwned.fill(1, start, start + length);
    isKey.fill(1, slot, slot + (numKeys[sequence] ?? 0));
  }
  const placed = (tensor: Tensor): Tensor => place(tensor, device);
  return {
    numSequences,
    width: slots,
    slotRows: isWhole ? null : placed(fromTypedArray(slotRows)),
    rowSlots: isWhole ? null : placed(fromTypedArray(rowSlots)),
    isRow: isWhole ? null : placed(fromTypedArray(isRow, [numSequences * slots, 1])),
    isOwned: isOwned.every((owned) => owned === 1) ? null : placed(fromTypedArray(isOwned, [numRows, 1])),
    isKey: isKey.every((key) => key === 1)
      ? null
      : placed(fromTypedArray(isKey, [numSequences, 1, 1, slots], 'bool')),
  };
}

/** (rows, size) -> (S * L, size); what is in slots without a row of their own means nothing. */
export function toSlots(rows: Tensor, { slotRows, rowSlots, isOwned }: SlotLayout): Tensor {
  if (slotRows === null || rowSlots === null) return rows;
  return ops.exchangeRows(rows, slotRows, rowSlots, isOwned);
}

/** (S * L, size) -> (rows, size) */
export function fromSlots(slots: Tensor, { slotRows, rowSlots, isRow }: SlotLayout): Tensor {
  if (slotRows === null || rowSlots === null) return slots;
  return ops.exchangeRows(slots, rowSlots, slotRows, isRow);
}
