/** @file Where each chunk of a dataset lies: read once from whichever index the file has. */

import { readFixedArray, readGrowingArray } from './chunkArrays.js';
import { Hdf5Fault, Hdf5Unread } from './fault.js';
import type { Fields, Structures } from './fields.js';
import type { Layout } from './layout.js';
import { readNewTree } from './newTree.js';
import { readOldTree } from './oldTree.js';

/** A chunk in the file. */
export interface StoredChunk {
  readonly address: number;
  readonly numBytes: number;
  /** Bit i: filter i was left out. */
  readonly filterMask: number;
}

/** The dataset whose chunks they are. */
export interface ChunkedShape {
  readonly layout: Layout & { readonly kind: 'chunked' };
  readonly shape: readonly number[];
  /** Sides to which it may grow; infinite where there is no limit. */
  readonly maxShape: readonly number[];
  /** Bytes of a chunk without filters. */
  readonly chunkBytes: number;
  readonly isFiltered: boolean;
}

/** Chunks by their number, the last side counting fastest. */
export class ChunkTable {
  readonly #addresses: Float64Array;
  readonly #numBytes: Float64Array;
  readonly #masks: Uint32Array;
  /** Chunks along each side. */
  readonly grid: readonly number[];
  /** The same of the dataset at its largest. */
  readonly #maxGrid: readonly number[];

  constructor(
    private readonly structures: Structures,
    private readonly dataset: ChunkedShape,
  ) {
    const { layout, shape, maxShape } = dataset;
    if (layout.shape.length !== shape.length || layout.shape.some((side) => side < 1))
      throw new Hdf5Fault(
        structures.file,
        `Chunks of ${layout.shape.join(' x ')} are none of ${shape.join(' x ')}`,
      );
    this.grid = shape.map((side, i) => Math.ceil(side / (layout.shape[i] as number)));
    this.#maxGrid = maxShape.map((side, i) => Math.ceil(side / (layout.shape[i] as number)));
    const numChunks = this.grid.reduce((product, count) => product * count, 1);
    // Each takes more than these bytes in the file, so that no header has more memory taken than the file has bytes.
    if (numChunks * 4 > structures.bytes.size)
      throw new Hdf5Fault(
        structures.file,
        `A dataset would have ${numChunks} chunks, more than the file can hold`,
      );
    this.#addresses = new Float64Array(numChunks);
    this.#numBytes = new Float64Array(numChunks);
    this.#masks = new Uint32Array(numChunks);
    if (layout.index.kind === 'growingArray' && maxShape.slice(1).includes(Number.POSITIVE_INFINITY))
      throw new Hdf5Unread(structures.file, 'a dataset that grows along another side than the first');
    if (layout.address !== undefined) this.#fill(layout.address);
  }

  /** Undefined for a chunk that was never written: its values are zero. */
  get(number: number): StoredChunk | undefined {
    const numBytes = this.#numBytes[number] as number;
    if (numBytes === 0) return undefined;
    return {
      address: this.#addresses[number] as number,
      numBytes,
      filterMask: this.#masks[number] as number,
    };
  }

  #fill(address: number): void {
    const { layout, chunkBytes, isFiltered } = this.dataset;
    const { index } = layout;
    switch (index.kind) {
      case 'tree':
        this.#readOldTree(address);
        break;
      case 'single':
        this.#set(0, address, index.numBytes ?? chunkBytes, index.filterMask);
        break;
      case 'implicit':
        for (let i = 0; i < this.#addresses.length; i++)
          this.#set(i, address + i * chunkBytes, chunkBytes, 0);
        break;
      case 'fixedArray':
        readFixedArray(this.structures, address, this.#setEntry.bind(this));
        break;
      case 'growingArray':
        readGrowingArray(this.structures, address, this.#setEntry.bind(this));
        break;
      case 'newTree':
        readNewTree(this.structures, address, isFiltered ? 11 : 10, this.#setRecord.bind(this));
    }
  }

  #set(number: number | undefined, address: number, numBytes: number, mask: number): void {
    if (number === undefined || !(number < this.#addresses.length)) return;
    this.#addresses[number] = address;
    this.#numBytes[number] = numBytes;
    this.#masks[number] = mask;
  }

  /** Undefined for a chunk outside the dataset, as one that was made smaller leaves them. */
  #numberOf(place: readonly number[]): number | undefined {
    let number = 0;
    for (const [i, count] of this.grid.entries()) {
      const at = place[i] as number;
      if (at >= count) return undefined;
      number = number * count + at;
    }
    return number;
  }

  #readOldTree(address: number): void {
    const { layout } = this.dataset;
    const form = {
      what: 'tree of chunks',
      kind: 1,
      // Bytes, filters left out, the place in elements along each side, and one more that is 0.
      keyBytes: 4 + 4 + 8 * (layout.shape.length + 1),
      readKey: (fields: Fields) => {
        const [numBytes, filterMask] = [fields.number(4), fields.number(4)];
        const place = layout.shape.map((side) => fields.number(8) / side);
        fields.skip(8);
        return { numBytes, filterMask, place };
      },
    } as const;
    readOldTree(this.structures, address, form, (chunk, { numBytes, filterMask, place }) =>
      this.#set(this.#numberOf(place), chunk, numBytes, filterMask),
    );
  }

  /** A record of a new tree, which counts chunks along each side. */
  #setRecord(record: Fields): void {
    const { chunkBytes, isFiltered, shape } = this.dataset;
    const sizeBytes = record.left - this.structures.widths.offsets - 4 - 8 * shape.length;
    const address = record.definedAddress();
    const numBytes = isFiltered ? record.number(sizeBytes) : chunkBytes;
    const mask = isFiltered ? record.number(4) : 0;
    const place = shape.map(() => record.number(8));
    this.#set(this.#numberOf(place), address, numBytes, mask);
  }

  /** An entry of an array, which counts chunks as if the dataset had its largest sides. */
  #setEntry(entry: Fields, number: number, entryBytes: number): void {
    const { chunkBytes, isFiltered } = this.dataset;
    const address = entry.address();
    if (address === undefined) return;
    const sizeBytes = entryBytes - this.structures.widths.offsets - 4;
    const numBytes = isFiltered ? entry.number(sizeBytes) : chunkBytes;
    const mask = isFiltered ? entry.number(4) : 0;
    this.#set(this.#numberOf(placeIn(this.#maxGrid, number)), address, numBytes, mask);
  }
}

/** The place of the i-th chunk along each side. */
export function placeIn(grid: readonly number[], i: number): number[] {
  const place: number[] = [];
  let rest = i;
  for (let side = grid.length - 1; side > 0; side--) {
    place.unshift(rest % (grid[side] as number));
    rest = Math.floor(rest / (grid[side] as number));
  }
  return [rest, ...place];
}
