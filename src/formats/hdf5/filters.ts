/** @file What was done to the bytes of a chunk before they were written, undone: deflate, shuffle, LZF, a checksum. */

import { inflateSync } from 'node:zlib';
import { Hdf5Unread } from './fault.js';
import type { Fields } from './fields.js';

const FILTERS = { deflate: 1, shuffle: 2, fletcher32: 3, lzf: 32_000 } as const;
const NAMES: Readonly<Record<number, string>> = {
  4: 'SZIP',
  5: 'N-bit',
  6: 'scale-offset',
  307: 'bzip2',
  32001: 'Blosc',
  32004: 'LZ4',
  32008: 'bitshuffle',
  32015: 'Zstandard',
  32026: 'Blosc2',
};
const CHECKSUM_BYTES = 4;

/** Filters in the order in which they were applied. */
export type Filters = readonly number[];

/** @throws Hdf5Unread for a filter that is not undone here */
export function readFilters(fields: Fields): Filters {
  const version = fields.version(1, 2);
  const numFilters = fields.number(1);
  if (version === 1) fields.skip(6);
  return Array.from({ length: numFilters }, () => {
    const filter = fields.number(2);
    const nameBytes = version === 1 || filter >= 256 ? fields.number(2) : 0;
    fields.skip(2);
    const numValues = fields.number(2);
    fields.skip(version === 1 ? Math.ceil(nameBytes / 8) * 8 : nameBytes);
    fields.skip(4 * (version === 1 ? numValues + (numValues % 2) : numValues));
    if (!Object.values<number>(FILTERS).includes(filter))
      throw new Hdf5Unread(fields.file, `data compressed with ${NAMES[filter] ?? `filter ${filter}`}`);
    return filter;
  });
}

/**
 * A chunk as it was before it was written.
 *
 * @param mask bit i: filter i was left out
 * @param numBytes of the chunk; what unpacks to more is refused before it takes memory
 * @returns undefined when the bytes do not unpack to so many
 */
export function undoFilters(
  stored: Buffer,
  filters: Filters,
  mask: number,
  elementBytes: number,
  numBytes: number,
): Buffer | undefined {
  let bytes: Buffer | undefined = stored;
  for (let i = filters.length - 1; i >= 0 && bytes !== undefined; i--) {
    if ((mask & (1 << i)) !== 0) continue;
    switch (filters[i]) {
      case FILTERS.deflate:
        bytes = inflate(bytes, numBytes + CHECKSUM_BYTES);
        break;
      case FILTERS.shuffle:
        bytes = unshuffle(bytes, elementBytes);
        break;
      case FILTERS.lzf:
        bytes = unpackLzf(bytes, numBytes + CHECKSUM_BYTES);
        break;
      case FILTERS.fletcher32:
        bytes = bytes.subarray(0, Math.max(0, bytes.length - CHECKSUM_BYTES));
    }
  }
  return bytes?.length === numBytes ? bytes : undefined;
}

function inflate(bytes: Buffer, maxBytes: number): Buffer | undefined {
  try {
    // In one piece: pieces of 16 KB, as is usual, are put together afterwards.
    return inflateSync(bytes, { maxOutputLength: maxBytes, chunkSize: Math.max(64, maxBytes + 1) });
  } catch {
    return undefined;
  }
}

/** All first bytes of the elements stand before all second ones; what is left over at the end stays. */
function unshuffle(bytes: Buffer, width: number): Buffer {
  const numElements = Math.floor(bytes.length / width);
  if (width === 1 || numElements <= 1) return bytes;
  // A buffer of its own, so that it begins where words may.
  const target = Buffer.allocUnsafeSlow(bytes.length);
  if (width === 4) unshuffleWords(bytes, new Uint32Array(target.buffer, 0, numElements));
  else
    for (let part = 0; part < width; part++) {
      const from = part * numElements;
      for (let i = 0, to = part; i < numElements; i++, to += width) target[to] = bytes[from + i] as number;
    }
  bytes.copy(target, numElements * width, numElements * width);
  return target;
}

/** The same for float32, a word at a time: three times as fast. */
function unshuffleWords(bytes: Buffer, target: Uint32Array): void {
  const n = target.length;
  const [a, b, c, d] = [0, 1, 2, 3].map((part) => bytes.subarray(part * n, (part + 1) * n)) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  for (let i = 0; i < n; i++)
    target[i] =
      (a[i] as number) | ((b[i] as number) << 8) | ((c[i] as number) << 16) | ((d[i] as number) << 24);
}

/** Runs of bytes as they are, and of bytes that stood up to 8192 before. */
function unpackLzf(bytes: Buffer, maxBytes: number): Buffer | undefined {
  const target = Buffer.allocUnsafe(maxBytes);
  let [from, to] = [0, 0];
  while (from < bytes.length) {
    const control = bytes[from++] as number;
    if (control < 32) {
      const length = control + 1;
      if (from + length > bytes.length || to + length > maxBytes) return undefined;
      bytes.copy(target, to, from, from + length);
      [from, to] = [from + length, to + length];
      continue;
    }
    let length = (control >> 5) + 2;
    if (length === 9) length += bytes[from++] ?? 0;
    let back = to - ((control & 31) << 8) - 1 - (bytes[from++] ?? 0);
    if (from > bytes.length || back < 0 || to + length > maxBytes) return undefined;
    // Byte by byte, since a run may go on with what it has just written.
    for (; length > 0; length--) target[to++] = target[back++] as number;
  }
  return target.subarray(0, to);
}
