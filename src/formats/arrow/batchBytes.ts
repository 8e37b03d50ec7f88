/** @file The bytes of one buffer of a batch, as they lie in the file or packed by LZ4 or Zstandard. */

import { type BlockStream, type PackedBytes, PackedFault, packedBytes } from '../packed/blockStream.js';
import { lz4Frame } from '../packed/lz4Frame.js';
import { UnpackedBytes } from '../packed/unpackedBytes.js';
import { zstdFrame } from '../packed/zstdFrame.js';
import type { SyncRandomAccess } from '../randomAccess.js';
import { ArrowFault } from './flatTable.js';

/** Bytes that are read where they are needed. */
export interface BatchBytes {
  readonly length: number;
  /** @throws ArrowFault for what cannot be unpacked; both must lie within {@link length} */
  read(at: number, length: number): Buffer;
}

export type Codec = 'lz4' | 'zstd';

const CODECS: Readonly<
  Record<
    Codec,
    { readonly name: string; readonly most: number; readonly open: (packed: PackedBytes) => BlockStream }
  >
> = {
  // A byte more of a repetition's length stands for 255 bytes at most.
  lz4: { name: 'LZ4', most: 255, open: lz4Frame },
  // Four bytes for a block of one byte's repetitions.
  zstd: { name: 'Zstandard', most: 1 << 15, open: zstdFrame },
};

/** What stands before packed bytes: how many they unpack to. */
const LENGTH_BYTES = 8;
/** Instead of a length, before bytes that packing would not make fewer. */
const NOT_PACKED = -1n;

export function plainBuffer(file: SyncRandomAccess, start: number, length: number): BatchBytes {
  return { length, read: (at, numBytes) => file.read(start + at, numBytes) };
}

/** Reads how long the buffer is; the rest as it is asked for. @throws ArrowFault for a length that so few bytes cannot have */
export function packedBuffer(
  file: SyncRandomAccess,
  start: number,
  length: number,
  codec: Codec,
): BatchBytes {
  if (length === 0) return plainBuffer(file, start, 0);
  if (length < LENGTH_BYTES) throw new ArrowFault(`a compressed buffer has ${length} bytes`);
  const stated = file.read(start, LENGTH_BYTES).readBigInt64LE(0);
  const [from, numPacked] = [start + LENGTH_BYTES, length - LENGTH_BYTES];
  if (stated === NOT_PACKED) return plainBuffer(file, from, numPacked);
  const { name, most, open } = CODECS[codec];
  if (stated < 0n || stated > BigInt(most) * BigInt(numPacked))
    throw new ArrowFault(`a buffer of ${numPacked} bytes states that it unpacks to ${stated}`);
  const bytes = new UnpackedBytes(Number(stated), () =>
    open(packedBytes((position, numBytes) => file.read(position, numBytes), from, numPacked)),
  );
  return {
    length: bytes.length,
    read(at, numBytes) {
      try {
        return bytes.read(at, numBytes);
      } catch (error) {
        if (!(error instanceof PackedFault)) throw error;
        throw new ArrowFault(`what ${name} packed is damaged: ${error.message}`, { cause: error });
      }
    },
  };
}
