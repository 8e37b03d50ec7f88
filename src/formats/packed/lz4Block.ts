/** @file A block of LZ4: literals, and repetitions of what was unpacked before; nothing is read or written outside its bounds. */

import { PackedFault } from './blockStream.js';

/** The shortest repetition that is written. */
const MIN_MATCH = 4;
/** Below, copying byte by byte is faster than a call. */
const FEW_BYTES = 32;

/**
 * Unpacks a block behind what was unpacked before, which it may repeat.
 *
 * @param target holds, up to `at`, what it may repeat
 * @param end of the room for it
 * @returns where it ends in `target`
 * @throws PackedFault for a block that is damaged
 */
export function unpackLz4Block(packed: Uint8Array, target: Uint8Array, at: number, end: number): number {
  let from = 0;
  let to = at;
  const lengthOf = (nibble: number): number => {
    let length = nibble;
    if (nibble < 15) return length;
    for (;;) {
      const more = packed[from++];
      if (more === undefined) throw cut();
      length += more;
      if (more < 255) return length;
    }
  };
  while (from < packed.length) {
    const token = packed[from++] as number;
    const numLiterals = lengthOf(token >> 4);
    if (numLiterals > packed.length - from) throw cut();
    if (numLiterals > end - to) throw tooLarge();
    if (numLiterals < FEW_BYTES)
      for (let i = 0; i < numLiterals; i++) target[to + i] = packed[from + i] as number;
    else target.set(packed.subarray(from, from + numLiterals), to);
    from += numLiterals;
    to += numLiterals;
    // The last sequence has no repetition.
    if (from === packed.length) return to;
    if (packed.length - from < 2) throw cut();
    const distance = (packed[from] as number) | ((packed[from + 1] as number) << 8);
    from += 2;
    if (distance === 0 || distance > to) throw new PackedFault('it repeats bytes that were never there');
    const length = lengthOf(token & 15) + MIN_MATCH;
    if (length > end - to) throw tooLarge();
    repeat(target, to, distance, length);
    to += length;
  }
  throw cut();
}

/** Writes `length` bytes at `to`, each that of `distance` before it, be it one that was just written. */
function repeat(target: Uint8Array, to: number, distance: number, length: number): void {
  if (length < FEW_BYTES) {
    for (let i = 0; i < length; i++) target[to + i] = target[to + i - distance] as number;
    return;
  }
  const from = to - distance;
  // What stands from `from` on has a period of `distance`, and each copy makes more of it.
  for (let done = 0; done < length; ) {
    const step = Math.min(distance + done, length - done);
    target.copyWithin(to + done, from, from + step);
    done += step;
  }
}

const cut = (): PackedFault => new PackedFault('a block of it ends too early');
const tooLarge = (): PackedFault => new PackedFault('a block of it unpacks to more than a block holds');
