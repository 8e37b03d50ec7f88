/** @file Tables of FlatBuffers, in which Arrow writes what its messages hold: fields by number, within their bytes. */

/** What is wrong with an Arrow file; the message is a phrase to follow "it cannot be read as an Arrow table:". */
export class ArrowFault extends Error {}

/** The numbers of a record without a table of its own, such as a buffer's offset and length. */
export type FlatStruct = readonly number[];

/** One table; reading outside the bytes throws a RangeError, which {@link withinBytes} makes a fault of. */
export class FlatTable {
  readonly #fields: number;
  readonly #fieldsEnd: number;

  constructor(
    private readonly bytes: Buffer,
    private readonly start: number,
  ) {
    this.#fields = start - bytes.readInt32LE(start);
    this.#fieldsEnd = bytes.readUInt16LE(this.#fields);
  }

  /** The table that a message's bytes begin with the place of. */
  static root(bytes: Buffer): FlatTable {
    return new FlatTable(bytes, bytes.readUInt32LE(0));
  }

  uint8(field: number, otherwise = 0): number {
    const at = this.#find(field);
    return at === undefined ? otherwise : this.bytes.readUInt8(at);
  }

  int16(field: number, otherwise = 0): number {
    const at = this.#find(field);
    return at === undefined ? otherwise : this.bytes.readInt16LE(at);
  }

  int32(field: number, otherwise = 0): number {
    const at = this.#find(field);
    return at === undefined ? otherwise : this.bytes.readInt32LE(at);
  }

  /** @throws ArrowFault for a number that is none of bytes or rows */
  count(field: number): number {
    const at = this.#find(field);
    return at === undefined ? 0 : countAt(this.bytes, at);
  }

  text(field: number): string {
    const vector = this.#vector(field, 1);
    return vector === undefined
      ? ''
      : this.bytes.toString('utf8', vector.start, vector.start + vector.length);
  }

  table(field: number): FlatTable | undefined {
    const at = this.#find(field);
    return at === undefined ? undefined : new FlatTable(this.bytes, at + this.bytes.readUInt32LE(at));
  }

  tables(field: number): FlatTable[] {
    const vector = this.#vector(field, 4);
    return Array.from({ length: vector?.length ?? 0 }, (_, i) => {
      const at = (vector?.start ?? 0) + 4 * i;
      return new FlatTable(this.bytes, at + this.bytes.readUInt32LE(at));
    });
  }

  /** Records of `width` counts of 64 bits. */
  structs(field: number, width: number): FlatStruct[] {
    const vector = this.#vector(field, 8 * width);
    return Array.from({ length: vector?.length ?? 0 }, (_, i) =>
      Array.from({ length: width }, (_, k) =>
        countAt(this.bytes, (vector?.start ?? 0) + 8 * (width * i + k)),
      ),
    );
  }

  /** Where a field stands; undefined when it is left at its default. */
  #find(field: number): number | undefined {
    const slot = 4 + 2 * field;
    if (slot + 2 > this.#fieldsEnd) return undefined;
    const offset = this.bytes.readUInt16LE(this.#fields + slot);
    return offset === 0 ? undefined : this.start + offset;
  }

  /** @throws ArrowFault before anything is made for more elements than there are bytes */
  #vector(field: number, width: number): { readonly start: number; readonly length: number } | undefined {
    const at = this.#find(field);
    if (at === undefined) return undefined;
    const start = at + this.bytes.readUInt32LE(at) + 4;
    const length = this.bytes.readUInt32LE(start - 4);
    if (start + length * width > this.bytes.length)
      throw new ArrowFault(
        `a list of ${length} entries does not fit the ${this.bytes.length} bytes around it`,
      );
    return { start, length };
  }
}

function countAt(bytes: Buffer, at: number): number {
  const value = Number(bytes.readBigInt64LE(at));
  if (!(Number.isSafeInteger(value) && value >= 0))
    throw new ArrowFault(`it states ${value} where a number of bytes or rows should stand`);
  return value;
}

/** @throws ArrowFault where reading leads out of the bytes */
export function withinBytes<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ArrowFault(`the bytes of ${what} point outside themselves`, { cause: error });
  }
}
