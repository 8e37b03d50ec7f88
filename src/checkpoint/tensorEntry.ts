/** @file What a reader knows about a tensor before any of its values are read. */

/** The element types that checkpoints of this model's history hold; the names are libtorch's. */
export type ElementType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'int64'
  | 'int32'
  | 'int16'
  | 'int8'
  | 'uint8'
  | 'bool';

const bytesPerElement: Readonly<Record<ElementType, number>> = {
  float64: 8,
  int64: 8,
  float32: 4,
  int32: 4,
  float16: 2,
  bfloat16: 2,
  int16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
};

/** Bytes of one element. */
export function elementSize(dtype: ElementType): number {
  return bytesPerElement[dtype];
}

/** Equally spaced elements: the first at `byteOffset`, each `step` bytes after the one before. */
export interface Run {
  readonly byteOffset: number;
  readonly numElements: number;
  readonly step: number;
}

/**
 * How a region departs from plain bytes in a row. `runs`: pieces, perhaps with something between elements. `utf8`:
 * every byte is written as the character of its number, in UTF-8 (how Python 3 pickles bytes for Python 2).
 * `inline`: so small that its bytes were kept when the file was opened.
 */
export type Scattered =
  | { readonly kind: 'runs'; readonly runs: readonly Run[] }
  | { readonly kind: 'utf8'; readonly byteLength: number }
  | { readonly kind: 'inline'; readonly bytes: Uint8Array };

/** Bytes of a file, and what CRC-32 they had when they were written. */
export interface StoredChecksum {
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly crc32: number;
}

/** A run of elements in a file. Tensors that share memory point at the same object. */
export interface StorageRegion {
  readonly file: string;
  readonly byteOffset: number;
  readonly numElements: number;
  readonly dtype: ElementType;
  /** Of the bytes that it lies in, where the file states one. @internal */
  readonly checksum?: StoredChecksum;
  /** How the elements lie when not one after another from `byteOffset` on. @internal */
  readonly scattered?: Scattered;
}

/** A named view of a storage; shape, strides and offset count elements. Checked to lie inside its storage. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly storage: StorageRegion;
  readonly storageOffset: number;
  readonly numElements: number;
  /** Of whole numbers that stand for others (roundedWeights.ts): by what each row is to be multiplied, (rows) float32. */
  readonly scales?: TensorEntry;
}

/** False for whole numbers of which nobody says what they stand for, as those of quantised weights. */
export function standsForNumbers({ dtype, scales }: Pick<TensorEntry, 'dtype' | 'scales'>): boolean {
  return dtype.includes('float') || scales !== undefined;
}

/** Product of the sizes; 1 for a scalar. */
export function countElements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Row-major strides of a shape. */
export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * Math.max(shape[i + 1]!, 1);
  return strides;
}

/** True when the view's elements lie one after another in row-major order. */
export function isContiguous(view: Pick<TensorEntry, 'shape' | 'strides'>): boolean {
  if (view.shape.includes(0)) return true;
  const expected = contiguousStrides(view.shape);
  // A dimension of size 1 is never stepped along, so its stride says nothing.
  return view.shape.every((size, i) => size === 1 || view.strides[i] === expected[i]);
}

/** Elements from the view's first to its last, both included; 0 for an empty view. */
function spanElements(view: Pick<TensorEntry, 'shape' | 'strides'>): number {
  if (view.shape.includes(0)) return 0;
  return view.shape.reduce((span, size, i) => span + (size - 1) * view.strides[i]!, 1);
}

/**
 * A function that gives the first entry it was given with the same view of the same storage: the same object for all
 * names of a tied weight.
 */
export function distinctViews(): (entry: TensorEntry) => TensorEntry {
  const known = new Map<StorageRegion, Map<string, TensorEntry>>();
  return (entry) => {
    const views = known.get(entry.storage) ?? new Map<string, TensorEntry>();
    known.set(entry.storage, views);
    const key = `${entry.storageOffset}:${entry.shape.join()}:${entry.strides.join()}`;
    const first = views.get(key) ?? entry;
    views.set(key, first);
    return first;
  };
}

/**
 * Views with more elements than their storage repeat values (stride 0). Small ones are real; a large one in a
 * small file is an attempt to exhaust memory.
 */
const maxRepeatedElements = 2 ** 24;

/** The fault of a view that does not fit its storage, as the end of a sentence, or undefined when it fits. */
export function viewFault(
  view: Pick<TensorEntry, 'shape' | 'strides' | 'storageOffset'>,
  numStorageElements: number,
): string | undefined {
  const numbers = [...view.shape, ...view.strides, view.storageOffset];
  if (view.shape.length !== view.strides.length) {
    return `has ${view.shape.length} sizes and ${view.strides.length} strides`;
  }
  if (view.shape.length > 64) return `has ${view.shape.length} dimensions`;
  if (!numbers.every((n) => Number.isSafeInteger(n) && n >= 0)) {
    return 'has a size, stride or offset that is not a whole number from 0';
  }
  const count = countElements(view.shape);
  if (!Number.isSafeInteger(count)) return `has an impossible shape [${view.shape.join(', ')}]`;
  if (count === 0) return undefined;
  const end = view.storageOffset + spanElements(view);
  if (end > numStorageElements) {
    return `needs ${end} stored elements, and its storage has ${numStorageElements}`;
  }
  if (count > Math.max(numStorageElements, maxRepeatedElements)) {
    return `repeats ${numStorageElements} stored elements to ${count}`;
  }
  return undefined;
}
