/** @file Frames of LZ4 (the format of .lz4 files, and of Arrow's buffers), a block at a time. Checksums are passed over. */

import { type BlockStream, type PackedBytes, PackedFault } from './blockStream.js';
import { unpackLz4Block } from './lz4Block.js';

const MAGIC = 0x184d2204;
/** How far back a block may repeat bytes. */
const HISTORY_BYTES = 1 << 16;
/** Bits of the first byte behind the magic number; its upper two are the version. */
const FLAG = {
  blockChecksum: 0x10,
  contentSize: 0x08,
  contentChecksum: 0x04,
  reserved: 0x02,
  dictionary: 0x01,
} as const;
const VERSION = 1;
/** The upper bit of a block's length. */
const IS_STORED = 0x80000000;

/**
 * Reads the header of the one frame that `packed` holds.
 *
 * @see https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
 * @throws PackedFault, also from its blocks, for a frame that is cut, damaged, or needs a dictionary
 */
export function lz4Frame(packed: PackedBytes): BlockStream {
  if (packed.take(4).readUInt32LE(0) !== MAGIC) throw new PackedFault('it does not begin as LZ4 does');
  const [flags, sizes] = packed.take(2) as unknown as [number, number];
  if (flags >> 6 !== VERSION || (flags & FLAG.reserved) !== 0)
    throw new PackedFault('its header is of no version of LZ4 that is known');
  if ((flags & FLAG.dictionary) !== 0)
    throw new PackedFault('it was packed with a dictionary, which it does not name');
  const sizeCode = (sizes >> 4) & 7;
  if (sizeCode < 4) throw new PackedFault('its header states blocks of no size that LZ4 has');
  const maxBlockBytes = 1 << (8 + 2 * sizeCode);
  const has = (flag: number): boolean => (flags & flag) !== 0;
  // Behind the length of all, where it is stated, stands a check of the header.
  packed.take((has(FLAG.contentSize) ? 8 : 0) + 1);
  let isDone = false;
  return {
    maxBlockBytes,
    historyBytes: HISTORY_BYTES,
    next(target, at) {
      if (isDone) return undefined;
      const stated = packed.take(4).readUInt32LE(0);
      if (stated === 0) {
        isDone = true;
        packed.take(has(FLAG.contentChecksum) ? 4 : 0);
        if (packed.numLeft > 0) throw new PackedFault(`${packed.numLeft} bytes follow its end`);
        return undefined;
      }
      const length = stated & ~IS_STORED;
      if (length > maxBlockBytes) throw new PackedFault(`it states a block of ${length} bytes`);
      const block = packed.take(length);
      packed.take(has(FLAG.blockChecksum) ? 4 : 0);
      if (stated >= IS_STORED) return block.copy(target, at);
      return unpackLz4Block(block, target, at, at + maxBlockBytes) - at;
    },
  };
}
