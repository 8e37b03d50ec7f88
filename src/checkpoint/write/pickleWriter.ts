/** @file Writes the one pickle that a state dict needs (protocol 2): an OrderedDict of tensors by reference. */

import type { DType } from '../../torch/index.js';

/** A tensor as the pickle describes it; its bytes lie elsewhere under `storageKey`. */
export interface PickledTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly storageKey: string;
  readonly numElements: number;
}

const STORAGE_CLASSES: Readonly<Record<DType, string>> = {
  float32: 'FloatStorage',
  float64: 'DoubleStorage',
  float16: 'HalfStorage',
  bfloat16: 'BFloat16Storage',
  int64: 'LongStorage',
  int32: 'IntStorage',
  int16: 'ShortStorage',
  int8: 'CharStorage',
  uint8: 'ByteStorage',
  bool: 'BoolStorage',
};

/** Bytes of the opcodes in use, by the names of Python's pickletools. */
const OP = {
  proto: 0x80,
  global: 0x63,
  emptyTuple: 0x29,
  reduce: 0x52,
  mark: 0x28,
  binUnicode: 0x58,
  binInt: 0x4a,
  long1: 0x8a,
  tuple: 0x74,
  binPersistentId: 0x51,
  newFalse: 0x89,
  setItems: 0x75,
  stop: 0x2e,
} as const;

class PickleWriter {
  readonly #parts: Buffer[] = [];

  op(...opcodes: number[]): void {
    this.#parts.push(Buffer.from(opcodes));
  }

  global(module: string, name: string): void {
    this.op(OP.global);
    this.#parts.push(Buffer.from(`${module}\n${name}\n`, 'ascii'));
  }

  text(value: string): void {
    const bytes = Buffer.from(value, 'utf8');
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    this.op(OP.binUnicode);
    this.#parts.push(length, bytes);
  }

  integer(value: number): void {
    const bytes = Buffer.alloc(8);
    if (value <= 0x7fffffff) {
      bytes.writeInt32LE(value);
      this.op(OP.binInt);
      this.#parts.push(bytes.subarray(0, 4));
    } else {
      bytes.writeBigInt64LE(BigInt(value));
      this.op(OP.long1, 8);
      this.#parts.push(bytes);
    }
  }

  integers(values: readonly number[]): void {
    this.op(OP.mark);
    for (const value of values) this.integer(value);
    this.op(OP.tuple);
  }

  emptyOrderedDict(): void {
    this.global('collections', 'OrderedDict');
    this.op(OP.emptyTuple, OP.reduce);
  }

  finish(): Buffer {
    this.op(OP.stop);
    return Buffer.concat(this.#parts);
  }
}

function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = (strides[i + 1] ?? 1) * (shape[i + 1] ?? 1);
  return strides;
}

/** The pickle of an OrderedDict from names to tensors, as torch.save writes one. */
export function pickleStateDict(tensors: readonly PickledTensor[]): Buffer {
  const writer = new PickleWriter();
  writer.op(OP.proto, 2);
  writer.emptyOrderedDict();
  writer.op(OP.mark);
  for (const { name, dtype, shape, storageKey, numElements } of tensors) {
    writer.text(name);
    writer.global('torch._utils', '_rebuild_tensor_v2');
    writer.op(OP.mark);
    // The persistent id of the storage: ('storage', class, key, location, number of elements).
    writer.op(OP.mark);
    writer.text('storage');
    writer.global('torch', STORAGE_CLASSES[dtype]);
    writer.text(storageKey);
    writer.text('cpu');
    writer.integer(numElements);
    writer.op(OP.tuple, OP.binPersistentId);
    writer.integer(0);
    writer.integers(shape);
    writer.integers(rowMajorStrides(shape));
    writer.op(OP.newFalse);
    writer.emptyOrderedDict();
    writer.op(OP.tuple, OP.reduce);
  }
  writer.op(OP.setItems);
  return writer.finish();
}
