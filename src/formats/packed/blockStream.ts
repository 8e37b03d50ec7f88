/** @file What packed bytes are read as: one block after another, each unpacked behind those before it. */

/** What is wrong with packed bytes; the message is a phrase to follow what they are. */
export class PackedFault extends Error {}

/** Bytes of a format that is unpacked from its beginning on. */
export interface BlockStream {
  /** The most bytes that one block unpacks to. */
  readonly maxBlockBytes: number;
  /** Bytes before a block that it may repeat, and which must still stand before it where there were so many. */
  readonly historyBytes: number;
  /**
   * Unpacks the next block to `target` from `at` on, where `maxBlockBytes` have room.
   *
   * @returns the number of its bytes; undefined behind the last one
   * @throws PackedFault
   */
  next(target: Buffer, at: number): number | undefined;
}

/** Packed bytes one after another. */
export interface PackedBytes {
  /** @throws PackedFault when fewer are left */
  take(length: number): Buffer;
  readonly numLeft: number;
}

/** A part of a file, from its beginning on. */
export function packedBytes(
  read: (position: number, length: number) => Buffer,
  start: number,
  length: number,
): PackedBytes {
  let done = 0;
  return {
    get numLeft() {
      return length - done;
    },
    take(wanted) {
      if (wanted > length - done)
        throw new PackedFault(`it is cut: ${wanted} bytes should follow, and ${length - done} do`);
      done += wanted;
      return read(start + done - wanted, wanted);
    },
  };
}
