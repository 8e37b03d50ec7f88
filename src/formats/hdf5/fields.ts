/** @file Reading the fields of a structure one after the other: numbers, addresses, marks. */

import { Hdf5Fault } from './fault.js';
import type { FileBytes } from './fileBytes.js';

/** How wide addresses and lengths are in a file. */
export interface Widths {
  readonly offsets: number;
  readonly lengths: number;
}

/** Fields of some bytes; reading beyond them says which structure is cut. */
export class Fields {
  position = 0;

  constructor(
    readonly bytes: Buffer,
    private readonly widths: Widths,
    readonly file: string,
    /** For messages: `object header at byte 800`. */
    readonly what: string,
  ) {}

  get left(): number {
    return this.bytes.length - this.position;
  }

  take(length: number): Buffer {
    if (!(length >= 0 && length <= this.left)) this.fail('is cut short');
    this.position += length;
    return this.bytes.subarray(this.position - length, this.position);
  }

  skip(length: number): void {
    this.take(length);
  }

  /** A whole number of up to eight bytes. @throws Hdf5Fault beyond 2^53 */
  number(width: number): number {
    const bytes = this.take(width);
    if (width <= 6) return width === 0 ? 0 : bytes.readUIntLE(0, width);
    const value = bytes.readUIntLE(0, 6) + bytes.readUIntLE(6, width - 6) * 2 ** 48;
    return Number.isSafeInteger(value) ? value : this.fail('holds a number beyond 2^53');
  }

  length(): number {
    return this.number(this.widths.lengths);
  }

  /** Undefined where all bits are set, which stands for no limit. */
  lengthOrNone(): number | undefined {
    return this.#numberOrNone(this.widths.lengths);
  }

  /** Undefined where nothing is stored (all bits set). */
  address(): number | undefined {
    return this.#numberOrNone(this.widths.offsets);
  }

  #numberOrNone(width: number): number | undefined {
    const bytes = this.take(width);
    if (bytes.every((byte) => byte === 0xff)) return undefined;
    this.position -= width;
    return this.number(width);
  }

  definedAddress(): number {
    return this.address() ?? this.fail('names no address');
  }

  mark(mark: string): void {
    const found = this.take(mark.length).toString('latin1');
    if (found !== mark) this.fail(`should begin with ${mark}`);
  }

  /** One byte that must be one of these. */
  version(...known: readonly number[]): number {
    const version = this.number(1);
    if (!known.includes(version)) this.fail(`has version ${version}, and ${known.join(', ')} are known`);
    return version;
  }

  fail(problem: string): never {
    throw new Hdf5Fault(this.file, `The ${this.what} ${problem}`);
  }
}

/** What every reader of structures goes by. */
export class Structures {
  constructor(
    readonly bytes: FileBytes,
    readonly widths: Widths,
    /** What each dataset in chunks may keep of what it unpacked. */
    readonly cacheBytes: number,
  ) {}

  get file(): string {
    return this.bytes.file;
  }

  fields(address: number, length: number, what: string): Fields {
    const bytes = this.bytes.structure(address, length, what);
    return new Fields(bytes, this.widths, this.file, `${what} at byte ${address}`);
  }

  /** Fields up to a length at which the file may end. */
  fieldsUpTo(address: number, length: number, what: string): Fields {
    const left = this.bytes.size - this.bytes.base - address;
    return this.fields(address, Math.max(0, Math.min(length, left)), what);
  }
}

/** Bytes that numbers up to `limit` take. */
export function bytesFor(limit: number): number {
  return Math.floor(Math.log2(Math.max(limit, 1)) / 8) + 1;
}

export function isPowerOfTwo(value: number): boolean {
  return value >= 1 && Number.isInteger(Math.log2(value));
}

/** Structures of a tree, each of which is read once: a file whose tree goes in a circle would never end otherwise. */
export class Visits {
  readonly #addresses = new Set<number>();

  constructor(private readonly file: string) {}

  /** @throws Hdf5Fault at the second time */
  enter(address: number, what: string): void {
    if (this.#addresses.has(address))
      throw new Hdf5Fault(this.file, `The ${what} at byte ${address} is named twice`);
    this.#addresses.add(address);
  }
}
