/** @file Frames of LZ4 and Zstandard that pyarrow packed (fixtures/makePacked.py), read at any place, and damaged ones. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type BlockStream,
  type PackedBytes,
  PackedFault,
  packedBytes,
} from '../../../src/formats/packed/blockStream.js';
import { unpackLz4Block } from '../../../src/formats/packed/lz4Block.js';
import { lz4Frame } from '../../../src/formats/packed/lz4Frame.js';
import { UnpackedBytes } from '../../../src/formats/packed/unpackedBytes.js';
import { zstdFrame } from '../../../src/formats/packed/zstdFrame.js';

const codecs: readonly (readonly [name: string, open: (packed: PackedBytes) => BlockStream])[] = [
  ['lz4', lz4Frame],
  ['zstd', zstdFrame],
];
const fixture = (name: string) => readFileSync(path.join(import.meta.dirname, 'fixtures', `mixed.${name}`));

/** What makePacked.py packs. */
const whole = Buffer.from(
  Uint8Array.from({ length: 700_000 }, (_, i) =>
    i % 40_000 < 39_000
      ? (Math.floor(i / 700) + (i % 65_000 < 900 ? i % 13 : 0)) % 251
      : ((i * i) % 65_521) % 256,
  ),
);

/** Bytes that lie behind eight others. */
function opened(packed: Buffer, open: (packed: PackedBytes) => BlockStream, length = whole.length) {
  const file = Buffer.concat([Buffer.alloc(8, 0xee), packed]);
  let numOpened = 0;
  const bytes = new UnpackedBytes(length, () => {
    numOpened++;
    return open(packedBytes((at, numBytes) => file.subarray(at, at + numBytes), 8, packed.length));
  });
  return { bytes, numOpened: () => numOpened };
}

const fault = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(PackedFault);
    return (error as Error).message;
  }
  throw new Error('It was read.');
};

describe.each(codecs)('a frame of %s', (name, open) => {
  const packed = fixture(name);

  it('gives all its bytes in order, unpacking each once', () => {
    const { bytes, numOpened } = opened(packed, open);
    for (let at = 0, step = 1; at < whole.length; at += step, step = (step * 7) % 90_001)
      expect(bytes.read(at, Math.min(step, whole.length - at)).equals(whole.subarray(at, at + step))).toBe(
        true,
      );
    expect(numOpened()).toBe(1);
  });

  it('gives bytes at any place, and again those that were given', () => {
    const { bytes } = opened(packed, open);
    for (const [at, length] of [
      [650_000, 50_000],
      [3, 9],
      [0, 700_000],
      [699_999, 1],
      [65_530, 12],
    ] as const)
      expect(bytes.read(at, length).equals(whole.subarray(at, at + length))).toBe(true);
  });

  it('that is cut anywhere, goes on, or has another length than is stated is refused', () => {
    for (let length = 0; length < packed.length; length += 1499)
      expect(fault(() => opened(packed.subarray(0, length), open).bytes.read(0, whole.length))).toMatch(
        /is cut|ends after|ends too early/,
      );
    const readAll = (bytes: Buffer, length: number) =>
      fault(() => opened(bytes, open, length).bytes.read(0, length));
    expect(readAll(packed, 700_001)).toContain('it ends after 700000 of 700001 bytes');
    expect(readAll(packed, 699_999)).toContain('more than its 699999 bytes');
    expect(readAll(Buffer.concat([packed, packed]), 1_400_000)).toMatch(/bytes follow its end/);
    expect(readAll(Buffer.alloc(100, 7), 100)).toContain('it does not begin as');
  });

  it('is read anew after it failed', () => {
    const { bytes } = opened(packed.subarray(0, packed.length >> 1), open);
    expect(fault(() => bytes.read(0, whole.length))).toBe(fault(() => bytes.read(0, whole.length)));
    expect(bytes.read(0, 100).equals(whole.subarray(0, 100))).toBe(true);
  });
});

describe('what is kept of unpacked bytes', () => {
  it('is a window, however many there are', () => {
    const numBlocks = 100;
    const rooms = new Set<number>();
    const bytes = new UnpackedBytes(numBlocks << 20, () => {
      let done = 0;
      return {
        maxBlockBytes: 1 << 20,
        historyBytes: 1 << 16,
        next(target, at) {
          if (done === numBlocks) return undefined;
          rooms.add(target.length);
          target.fill(done++, at, at + (1 << 20));
          return 1 << 20;
        },
      };
    });
    for (let row = 0; row < numBlocks * 4; row++) expect(bytes.read(row << 18, 1 << 18)[9]).toBe(row >> 2);
    expect(Math.max(...rooms)).toBeLessThan(4 << 20);
  });
});

describe('a block of LZ4', () => {
  const unpack = (hex: string, room = 64, before = 0) => {
    const target = Buffer.alloc(before + room + 4, 0xaa);
    const end = unpackLz4Block(Buffer.from(hex, 'hex'), target, before, before + room);
    expect(target.subarray(before + room).equals(Buffer.alloc(4, 0xaa))).toBe(true);
    return target.toString('hex', before, end);
  };

  it('repeats what it has just written, also within the repetition', () => {
    expect(unpack('3f01020303001000')).toBe(`${'010203'.repeat(12)}0102`);
    expect(unpack('1f0901002000')).toBe('09'.repeat(1 + 15 + 0x20 + 4));
  });

  it('that repeats what was never there, or is too long for its room, is refused', () => {
    expect(fault(() => unpack('10090200'))).toContain('never there');
    expect(fault(() => unpack('10090000'))).toContain('never there');
    expect(fault(() => unpack('1f090100ffff00'))).toContain('more than a block holds');
    expect(fault(() => unpack('300102030000', 2))).toContain('more than a block holds');
  });

  it('that ends within a length, literals or a distance is refused', () => {
    for (const hex of ['', 'f0', 'f0ff', '300102', '100901', '10090100', '1f0901', '1f090100ff'])
      expect(
        fault(() => unpack(hex)),
        hex,
      ).toContain('ends too early');
  });
});

describe('a header', () => {
  const lz4 = (hex: string) =>
    fault(() => opened(Buffer.from(`04224d18${hex}`, 'hex'), lz4Frame).bytes.read(0, 1));
  const zstd = (hex: string) =>
    fault(() => opened(Buffer.from(`28b52ffd${hex}`, 'hex'), zstdFrame).bytes.read(0, 1));

  it('of LZ4 with another version, a dictionary, blocks of no size or of too many bytes is refused', () => {
    expect(lz4('004000')).toContain('no version of LZ4');
    expect(lz4('4140000000000000')).toContain('dictionary');
    expect(lz4('403000')).toContain('no size that LZ4 has');
    expect(lz4('40400001000100')).toContain('a block of 65537 bytes');
  });

  it('of Zstandard that asks for more memory than 128 MiB is refused before any is taken', () => {
    expect(zstd('00f8')).toMatch(/needs 2199023255552 bytes of memory/);
    expect(zstd('00890100')).toMatch(/needs 150994944 bytes/);
    expect(zstd('e0ffffffffffffff7f')).toMatch(/bytes of memory/);
    expect(zstd('0140')).toContain('dictionary');
    expect(zstd('0040ff0f00')).toContain('a block of 511 bytes of kind 3');
  });
});
