/**
 * @file Sequences of different lengths as rows one below the other, without padding: dense layers then compute what
 * counts and nothing else. Questions average 9 to 10 pieces where the reference pads to 20.
 */

import { LxmertError } from '../common/errors.js';
import { type Device, fromTypedArray, place, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import { type RowSequences, type SlotLayout, slotLayout } from './slots.js';

/** Where a batch's sequences lie among the rows. */
export interface Packing extends RowSequences {
  /**
   * (rows) int32: each row's place in the padded form (B * width); null when rows and places are the same. Rows after the
   * last sequence belong to none and have the place 0.
   */
  readonly places: Int32Array | null;
  /** Where the rows lie for a GPU's attention kernels; made by `placedPacking` for devices other than the processor. */
  readonly slots?: SlotLayout;
  /** (B) int32 on the same device: the first row of each sequence. */
  readonly firstRowIndex?: Tensor;
}

/** `dropped`: rows for what the mask lets through only. `kept`: rows for every place, which nothing attends to. */
export type PaddingRule = 'dropped' | 'kept';

/**
 * The packing of a mask (B, width) of 1 and 0; without a mask every place counts.
 *
 * @param rowUnit the number of rows is brought to a multiple of this by rows that belong to no sequence, so that batches
 *   have few different shapes
 * @throws LxmertError when padding is to be kept and does not lie at the end of each sequence
 */
export function packingOf(
  batchSize: number,
  width: number,
  mask: Tensor | undefined,
  rule: PaddingRule = 'dropped',
  rowUnit = 1,
): Packing {
  const isKept = readMask(batchSize, width, mask);
  const lengths: number[] = [];
  const numKeys: number[] = [];
  const places: number[] = [];
  for (let sequence = 0; sequence < batchSize; sequence++) {
    let count = 0;
    for (let column = 0; column < width; column++) {
      const place = sequence * width + column;
      if (isKept !== undefined && !isKept[place]) continue;
      if (rule === 'kept' && column !== count) {
        throw new LxmertError(
          `Padding can be kept only at the end of a sequence, but sequence ${sequence} has some before place ${column}.`,
        );
      }
      count++;
      if (rule === 'dropped') places.push(place);
    }
    numKeys.push(count);
    lengths.push(rule === 'kept' ? width : count);
  }
  const packing = packingOfLengths(lengths, width);
  const isWhole = packing.numRows === batchSize * width;
  if (isWhole) return { ...packing, numKeys };
  const numRows = Math.ceil(packing.numRows / rowUnit) * rowUnit;
  while (places.length < numRows) places.push(0);
  return { ...packing, numKeys, numRows, places: Int32Array.from(places) };
}

/** The packing of sequences that fill the leading `lengths` of `width` places. */
function packingOfLengths(lengths: readonly number[], width: number): Packing {
  const starts: number[] = [];
  let numRows = 0;
  for (const length of lengths) {
    starts.push(numRows);
    numRows += length;
  }
  return { lengths, starts, numKeys: lengths, numRows, width, places: null };
}

function readMask(batchSize: number, width: number, mask: Tensor | undefined): boolean[] | undefined {
  if (mask === undefined) return undefined;
  const values = mask.toFloat32Array();
  if (values.length !== batchSize * width) {
    throw new LxmertError(
      `A mask for ${batchSize} sequences of ${width} places was expected, but it has the shape (${mask.shape.join(', ')}).`,
    );
  }
  return Array.from(values, (value) => value !== 0);
}

/** (B, width, ...) -> (rows, ...), where the padded form is */
export function pack(padded: Tensor, { places, numRows }: Packing): Tensor {
  const [batchSize = 0, width = 0, ...rest] = padded.shape;
  const flat = ops.reshape(padded, [batchSize * width, ...rest]);
  return places === null ? flat : ops.indexSelect(flat, 0, onDeviceOf(flat, places, numRows));
}

function onDeviceOf(rows: Tensor, index: Int32Array, length = index.length): Tensor {
  return place(fromTypedArray(index, [length]), rows.device as Device);
}

/** (rows, H) -> (B, width, H), zeros where there is no row. */
export function unpack(rows: Tensor, { places, lengths, numRows, width }: Packing): Tensor {
  const [, size = 0] = rows.shape;
  const shape = [lengths.length, width, size];
  if (places === null) return ops.view(rows, shape);
  const numOwn = lengths.reduce((sum, length) => sum + length, 0);
  const device = rows.device as Device;
  const flat = ops.zeros([lengths.length * width, size], { dtype: rows.dtype, device });
  const index = ops.to(onDeviceOf(rows, places.subarray(0, numOwn)), 'int64');
  const own = numOwn === numRows ? rows : ops.narrow(rows, 0, 0, numOwn);
  return ops.view(ops.indexCopy(flat, 0, index, own), shape);
}

/**
 * The rows of some places of the padded form (B * width).
 *
 * @throws LxmertError for a place that is padding, which has no row
 */
export function rowsAt({ places, numRows, lengths, width }: Packing, wanted: Int32Array): Int32Array {
  if (places === null) return wanted;
  const rowOf = new Int32Array(lengths.length * width).fill(-1);
  for (let row = 0; row < numRows; row++) rowOf[places[row] ?? 0] = row;
  return wanted.map((place) => {
    const row = rowOf[place] ?? -1;
    if (row < 0)
      throw new LxmertError(`Place ${place} of the batch is padding, so nothing was computed there.`);
    return row;
  });
}

/** Sequences taken from others: which rows, and where they lie then. */
export interface Repetition {
  /** (rows) int32 on the device of the rows it is for. */
  readonly index: Tensor;
  readonly packing: Packing;
}

/** The same sequences once more for each of `sequenceOf`: what a vision stream computed once becomes for questions. */
export function repeatSequences(
  rows: Tensor,
  packing: Packing,
  sequenceOf: readonly number[],
): { readonly rows: Tensor; readonly packing: Packing } {
  const repetition = repetitionOf(packing, sequenceOf, rows.device as Device);
  return { rows: ops.indexSelect(rows, 0, repetition.index), packing: repetition.packing };
}

/** What {@link repeatSequences} does, for rows on `device`. Call it inside a scope. */
export function repetitionOf(packing: Packing, sequenceOf: readonly number[], device: Device): Repetition {
  const indices: number[] = [];
  const lengths: number[] = [];
  for (const sequence of sequenceOf) {
    const start = packing.starts[sequence];
    const length = packing.lengths[sequence];
    if (start === undefined || length === undefined) {
      throw new LxmertError(`Image ${sequence} was asked for, but there are ${packing.lengths.length}.`);
    }
    lengths.push(length);
    for (let i = 0; i < length; i++) indices.push(start + i);
  }
  const repeated = packingOfLengths(lengths, packing.width);
  const places = indices.map((_, row) => row);
  let row = 0;
  for (const [i, length] of lengths.entries()) {
    for (let k = 0; k < length; k++) places[row++] = i * packing.width + k;
  }
  const isWhole = repeated.numRows === lengths.length * packing.width;
  const whole: Packing = {
    ...repeated,
    numKeys: sequenceOf.map((sequence) => packing.numKeys[sequence] ?? 0),
    places: isWhole ? null : Int32Array.from(places),
  };
  return {
    index: place(fromTypedArray(Int32Array.from(indices), [indices.length]), device),
    packing: placedPacking(whole, device),
  };
}

/** Queries of one sequence and the rows that they attend to. */
export interface Segment {
  readonly queryStart: number;
  readonly numQueries: number;
  readonly keyStart: number;
  readonly numKeys: number;
}

/** Whole packings that attend to each other; what a GPU's kernels are given in place of segments. */
export type SegmentSides =
  | { readonly kind: 'within'; readonly rows: Packing }
  | { readonly kind: 'between'; readonly queries: Packing; readonly keys: Packing }
  | { readonly kind: 'bothWays'; readonly first: Packing; readonly second: Packing };

/** Who attends to whom; segments cover the query rows in order. */
export class Segments {
  #list: readonly Segment[] | undefined;
  readonly #makeList: () => readonly Segment[];

  /** @param list or what makes it, when it is first asked for: on GPUs nothing does */
  constructor(
    list: readonly Segment[] | (() => readonly Segment[]),
    readonly sides?: SegmentSides,
  ) {
    this.#makeList = typeof list === 'function' ? list : () => list;
  }

  /** Made when it is first asked for. */
  get list(): readonly Segment[] {
    this.#list ??= this.#makeList();
    return this.#list;
  }

  /** (S, 4) int32 */
  tensor(): Tensor {
    const values = new Int32Array(4 * this.list.length);
    for (const [i, segment] of this.list.entries()) {
      const { queryStart, numQueries, keyStart, numKeys } = segment;
      values.set([queryStart, numQueries, keyStart, numKeys], 4 * i);
    }
    return fromTypedArray(values, [this.list.length, 4]);
  }

  /** Every sequence at itself. */
  static within(packing: Packing): Segments {
    return new Segments(() => pairs(packing, packing), { kind: 'within', rows: packing });
  }

  /** Every sequence of `queries` at the one of `keys` in the same place. */
  static between(queries: Packing, keys: Packing): Segments {
    return new Segments(() => pairs(queries, keys), { kind: 'between', queries, keys });
  }

  /** Both directions at once, the second kind's rows below the first's: first `a` at `b`, then `b` at `a`. */
  static bothWays(a: Packing, b: Packing): Segments {
    const list = (): Segment[] => [
      ...pairs(a, b).map((segment) => ({ ...segment, keyStart: segment.keyStart + a.numRows })),
      ...pairs(b, a).map((segment) => ({ ...segment, queryStart: segment.queryStart + a.numRows })),
    ];
    return new Segments(list, { kind: 'bothWays', first: a, second: b });
  }

  /** One query row for each sequence, its first, at the whole sequence. */
  static firstRows(packing: Packing): Segments {
    const ones = packing.lengths.map(() => 1);
    const queries = packingOfLengths(ones, 1);
    return new Segments(() => pairs(queries, packing), { kind: 'between', queries, keys: packing });
  }
}

function pairs(queries: Packing, keys: Packing): Segment[] {
  return queries.starts.map((queryStart, i) => ({
    queryStart,
    numQueries: queries.lengths[i] ?? 0,
    keyStart: keys.starts[i] ?? 0,
    numKeys: keys.numKeys[i] ?? 0,
  }));
}

/** The first row of each sequence: (rows, H) -> (B, H). */
export function firstRows(rows: Tensor, { starts, firstRowIndex }: Packing): Tensor {
  return ops.indexSelect(rows, 0, firstRowIndex ?? onDeviceOf(rows, Int32Array.from(starts)));
}

/** A packing with what a device needs of it; the same on the processor. Call it inside a scope. */
export function placedPacking(packing: Packing, device: Device): Packing {
  if (device === 'cpu') return packing;
  return {
    ...packing,
    slots: slotLayout(packing, device),
    firstRowIndex: place(fromTypedArray(Int32Array.from(packing.starts), [packing.starts.length]), device),
  };
}
