/** @file Makes .caffemodel files byte by byte, apart from the code under test. */

import { bytes } from './bytes.js';

/** A protobuf varint. */
export function varint(value: number | bigint): Buffer {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    out.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Buffer.from(out);
}

/** A field of bytes, a text or a message. */
export function lengthDelimited(field: number, content: Uint8Array | string): Buffer {
  const data = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
  return bytes(varint(field * 8 + 2), varint(data.length), data);
}

export function varintField(field: number, value: number | bigint): Buffer {
  return bytes(varint(field * 8), varint(value));
}

export function float32Bytes(values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) buffer.writeFloatLE(value, i * 4);
  return buffer;
}

function float64Bytes(values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 8);
  for (const [i, value] of values.entries()) buffer.writeDoubleLE(value, i * 8);
  return buffer;
}

export type BlobStyle = 'packed' | 'unpacked' | 'pieces' | 'double' | 'double unpacked';

/** BlobProto.data (5) or double_data (8) in one of the spellings that protobuf allows. */
function blobData(values: readonly number[], style: BlobStyle): Buffer {
  switch (style) {
    case 'packed':
      return lengthDelimited(5, float32Bytes(values));
    case 'unpacked':
      return bytes(...values.map((value) => bytes(varint(5 * 8 + 5), float32Bytes([value]))));
    case 'pieces': {
      const half = values.length >> 1;
      return bytes(blobData(values.slice(0, half), 'packed'), blobData(values.slice(half), 'unpacked'));
    }
    case 'double':
      return lengthDelimited(8, float64Bytes(values));
    case 'double unpacked':
      return bytes(...values.map((value) => bytes(varint(8 * 8 + 1), float64Bytes([value]))));
  }
}

/** BlobProto.shape; `legacy` writes num, channels, height and width instead. */
export function blobShape(shape: readonly number[], style: 'packed' | 'unpacked' | 'legacy'): Buffer {
  if (style === 'packed') return lengthDelimited(7, lengthDelimited(1, bytes(...shape.map(varint))));
  if (style === 'unpacked') return lengthDelimited(7, bytes(...shape.map((size) => varintField(1, size))));
  const four = [1, 1, 1, 1, ...shape].slice(-4);
  return bytes(...four.map((size, i) => varintField(i + 1, size)));
}

export interface BlobOptions {
  readonly data?: BlobStyle;
  readonly shape?: 'packed' | 'unpacked' | 'legacy';
  /** Shape after the data, as protobuf allows. */
  readonly shapeLast?: boolean;
}

export function blob(
  values: readonly number[],
  shape: readonly number[],
  { data = 'packed', shape: shapeStyle = 'packed', shapeLast = false }: BlobOptions = {},
): Buffer {
  const parts = [blobShape(shape, shapeStyle), blobData(values, data)];
  return bytes(...(shapeLast ? parts.reverse() : parts));
}

/** LayerParameter with bottoms, tops and parameters of its own that a reader passes over. */
export function layer(name: string, type: string, blobs: readonly Uint8Array[] = []): Buffer {
  return lengthDelimited(
    100,
    bytes(
      lengthDelimited(1, name),
      lengthDelimited(2, type),
      lengthDelimited(3, 'below'),
      lengthDelimited(4, name),
      ...blobs.map((each) => lengthDelimited(7, each)),
      varintField(10, 1),
      lengthDelimited(106, varintField(1, 64)),
    ),
  );
}

export function caffemodel(...layers: readonly Uint8Array[]): Buffer {
  return bytes(lengthDelimited(1, 'a net'), ...layers);
}
