/** @file A frame of Zstandard, a block at a time. Its checksum is passed over. */

import { Decompress } from 'fzstd';
import { messageOf } from '../../common/errors.js';
import { type BlockStream, type PackedBytes, PackedFault } from './blockStream.js';

const MAGIC = 0xfd2fb528;
/** No block unpacks to more. */
const MAX_BLOCK_BYTES = 1 << 17;
/** What Zstandard's own program takes without being told to: each frame states how far back it repeats bytes. */
const MAX_WINDOW_BYTES = 2 ** 27;
/** Bits of the byte behind the magic number; its lower two say how long a dictionary's number is. */
const FLAG = { singleSegment: 0x20, reserved: 0x08, checksum: 0x04, dictionary: 0x03 } as const;
/** Kinds of blocks: a byte that is repeated, and one that there is not. */
const [REPEATED, NO_KIND] = [1, 3];

/**
 * Reads the header of the one frame that `packed` holds. Blocks are found here and unpacked by a library, which would take
 * any window and any number of frames.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8878
 * @throws PackedFault, also from its blocks, for a frame that is cut, damaged, or needs more memory than 128 MiB
 */
export function zstdFrame(packed: PackedBytes): BlockStream {
  const header = readHeader(packed);
  // One block at most comes of each that is given; behind the last an empty one follows.
  let unpacked = new Uint8Array(0);
  const library = new Decompress((block) => {
    if (block.length > 0) unpacked = block as Uint8Array<ArrayBuffer>;
  });
  const push = (bytes: Buffer, isLast: boolean): void => {
    try {
      library.push(bytes, isLast);
    } catch (error) {
      throw new PackedFault(messageOf(error), { cause: error });
    }
  };
  push(header.bytes, false);
  let isDone = false;
  return {
    maxBlockBytes: MAX_BLOCK_BYTES,
    // The library keeps its own.
    historyBytes: 0,
    next(target, at) {
      if (isDone) return undefined;
      const block = readBlock(packed);
      isDone = block.isLast;
      const checksum = packed.take(isDone && header.hasChecksum ? 4 : 0);
      if (isDone && packed.numLeft > 0) throw new PackedFault(`${packed.numLeft} bytes follow its end`);
      unpacked = new Uint8Array(0);
      push(Buffer.concat([block.bytes, checksum]), isDone);
      const { length } = unpacked;
      if (length > MAX_BLOCK_BYTES) throw new PackedFault(`a block of it unpacks to ${length} bytes`);
      target.set(unpacked, at);
      return length;
    },
  };
}

function readHeader(packed: PackedBytes): { readonly bytes: Buffer; readonly hasChecksum: boolean } {
  const start = packed.take(5);
  if (start.readUInt32LE(0) !== MAGIC) throw new PackedFault('it does not begin as Zstandard does');
  const flags = start[4] as number;
  const has = (flag: number): boolean => (flags & flag) !== 0;
  if (has(FLAG.reserved)) throw new PackedFault('its header is of no version of Zstandard that is known');
  if (has(FLAG.dictionary)) throw new PackedFault('it was packed with a dictionary, which is not there');
  const isSingle = has(FLAG.singleSegment);
  const sizeCode = flags >> 6;
  const window = packed.take(isSingle ? 0 : 1);
  const size = packed.take(sizeCode === 0 ? Number(isSingle) : 1 << sizeCode);
  const windowBytes = isSingle ? contentBytes(size) : windowOf(window[0] as number);
  if (windowBytes > MAX_WINDOW_BYTES)
    throw new PackedFault(
      `it needs ${windowBytes} bytes of memory to be unpacked, and ${MAX_WINDOW_BYTES} are the most`,
    );
  return { bytes: Buffer.concat([start, window, size]), hasChecksum: has(FLAG.checksum) };
}

/** An exponent and eighths. */
function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

/** Two bytes count from 256 on. */
function contentBytes(size: Buffer): number {
  if (size.length === 8) return Number(size.readBigUInt64LE(0));
  return size.readUIntLE(0, size.length) + (size.length === 2 ? 256 : 0);
}

function readBlock(packed: PackedBytes): { readonly bytes: Buffer; readonly isLast: boolean } {
  const header = packed.take(3);
  const stated = header.readUIntLE(0, 3);
  const [kind, length] = [(stated >> 1) & 3, stated >> 3];
  if (kind === NO_KIND || length > MAX_BLOCK_BYTES)
    throw new PackedFault(`it states a block of ${length} bytes of kind ${kind}`);
  const content = packed.take(kind === REPEATED ? 1 : length);
  return { bytes: Buffer.concat([header, content]), isLast: (stated & 1) === 1 };
}
