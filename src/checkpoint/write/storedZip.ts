/**
 * @file A zip archive of uncompressed members written in one pass. torch wants every storage to begin at a multiple
 * of 64 bytes, so that it can be mapped into memory; archive libraries have no word for that.
 */

import { crc32 } from 'node:zlib';
import type { AtomicFile } from '../../common/atomicFile.js';

const ALIGNMENT = 64;
/** Sizes and offsets from here on do not fit the 32-bit fields and stand in ZIP64 fields. */
const ZIP64_FROM = 0xffffffff;
/** 1980-01-01 00:00, the earliest that the format knows: equal weights make equal files. */
const DOS_DATE = 0x21;
const SIGNATURES = {
  local: 0x04034b50,
  central: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
};
/** The extra field that torch pads with: 'FB' in ASCII. */
const PADDING_FIELD = 0x4246;
/** ZIP64 needs readers of version 4.5, the rest of 1.0. */
const VERSION = { plain: 10, zip64: 45 };
/** Names are UTF-8. */
const FLAGS = 0x0800;

interface Member {
  readonly name: Buffer;
  readonly size: number;
  readonly offset: number;
  readonly crc: number;
}

/** Writes members one after another, then the directory. */
export class StoredZip {
  readonly #members: Member[] = [];
  #position = 0;

  /** @param zip64From lowered by tests, which cannot afford files of 4 GB. */
  constructor(
    private readonly file: AtomicFile,
    private readonly zip64From: number = ZIP64_FROM,
  ) {}

  /**
   * @param size bytes that `chunks` will give
   * @throws Error when they give another number
   */
  async add(name: string, size: number, chunks: Iterable<Uint8Array>): Promise<void> {
    const offset = this.#position;
    const encoded = Buffer.from(name, 'utf8');
    const header = this.#localHeader(encoded, size);
    await this.#write(header);
    let crc = 0;
    let written = 0;
    for (const chunk of chunks) {
      crc = crc32(chunk, crc);
      written += chunk.byteLength;
      await this.#write(chunk);
    }
    if (written !== size) throw new Error(`The member ${name} has ${written} bytes and was to have ${size}.`);
    // The checksum is known only now; its place in the header is at byte 14.
    const field = Buffer.alloc(4);
    field.writeUInt32LE(crc);
    await this.file.handle.write(field, 0, 4, offset + 14);
    this.#members.push({ name: encoded, size, offset, crc });
  }

  /** Writes the directory; the archive is whole after it. */
  async finish(): Promise<void> {
    const start = this.#position;
    for (const member of this.#members) await this.#write(this.#centralHeader(member));
    await this.#write(this.#endRecords(start, this.#position - start));
  }

  #localHeader(name: Buffer, size: number): Buffer {
    const isLarge = size >= this.zip64From;
    const zip64 = isLarge ? extraField(0x0001, uint64s(size, size)) : Buffer.alloc(0);
    const unpadded = this.#position + 30 + name.length + zip64.length + 4;
    const padding = extraField(
      PADDING_FIELD,
      Buffer.alloc((ALIGNMENT - (unpadded % ALIGNMENT)) % ALIGNMENT, 'Z'),
    );
    const header = Buffer.alloc(30);
    header.writeUInt32LE(SIGNATURES.local, 0);
    header.writeUInt16LE(isLarge ? VERSION.zip64 : VERSION.plain, 4);
    header.writeUInt16LE(FLAGS, 6);
    header.writeUInt16LE(DOS_DATE, 12);
    header.writeUInt32LE(isLarge ? 0xffffffff : size, 18);
    header.writeUInt32LE(isLarge ? 0xffffffff : size, 22);
    header.writeUInt16LE(name.length, 26);
    header.writeUInt16LE(zip64.length + padding.length, 28);
    return Buffer.concat([header, name, zip64, padding]);
  }

  #centralHeader({ name, size, offset, crc }: Member): Buffer {
    const isLarge = size >= this.zip64From;
    const isFar = offset >= this.zip64From;
    const numbers = [...(isLarge ? [size, size] : []), ...(isFar ? [offset] : [])];
    const extra = numbers.length > 0 ? extraField(0x0001, uint64s(...numbers)) : Buffer.alloc(0);
    const version = numbers.length > 0 ? VERSION.zip64 : VERSION.plain;
    const header = Buffer.alloc(46);
    header.writeUInt32LE(SIGNATURES.central, 0);
    header.writeUInt16LE(version, 4);
    header.writeUInt16LE(version, 6);
    header.writeUInt16LE(FLAGS, 8);
    header.writeUInt16LE(DOS_DATE, 14);
    header.writeUInt32LE(crc, 16);
    header.writeUInt32LE(isLarge ? 0xffffffff : size, 20);
    header.writeUInt32LE(isLarge ? 0xffffffff : size, 24);
    header.writeUInt16LE(name.length, 28);
    header.writeUInt16LE(extra.length, 30);
    header.writeUInt32LE(isFar ? 0xffffffff : offset, 42);
    return Buffer.concat([header, name, extra]);
  }

  #endRecords(start: number, length: number): Buffer {
    const count = this.#members.length;
    const isLarge = start >= this.zip64From || length >= this.zip64From || count >= 0xffff;
    const end = Buffer.alloc(22);
    end.writeUInt32LE(SIGNATURES.end, 0);
    end.writeUInt16LE(isLarge ? 0xffff : count, 8);
    end.writeUInt16LE(isLarge ? 0xffff : count, 10);
    end.writeUInt32LE(isLarge ? 0xffffffff : length, 12);
    end.writeUInt32LE(isLarge ? 0xffffffff : start, 16);
    if (!isLarge) return end;
    const end64 = Buffer.alloc(24);
    end64.writeUInt32LE(SIGNATURES.end64, 0);
    end64.writeBigUInt64LE(44n, 4); // bytes of this record after this field
    end64.writeUInt16LE(VERSION.zip64, 12);
    end64.writeUInt16LE(VERSION.zip64, 14);
    const locator = Buffer.alloc(20);
    locator.writeUInt32LE(SIGNATURES.locator64, 0);
    locator.writeBigUInt64LE(BigInt(start + length), 8);
    locator.writeUInt32LE(1, 16);
    return Buffer.concat([end64, uint64s(count, count, length, start), locator, end]);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    let done = 0;
    while (done < bytes.byteLength) {
      const { bytesWritten } = await this.file.handle.write(
        bytes,
        done,
        bytes.byteLength - done,
        this.#position,
      );
      done += bytesWritten;
      this.#position += bytesWritten;
    }
  }
}

function extraField(id: number, content: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(id, 0);
  head.writeUInt16LE(content.length, 2);
  return Buffer.concat([head, content]);
}

function uint64s(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length);
  for (const [i, value] of values.entries()) bytes.writeBigUInt64LE(BigInt(value), 8 * i);
  return bytes;
}
