/** @file The allow-list: the few names that torch's weight files use, and the plain data they stand for. */

import type { ElementType } from '../tensorEntry.js';
import { PickleError } from './error.js';
import { fillDict } from './stack.js';
import {
  describeValue,
  PickleDict,
  PickleExtension,
  type PickleGlobal,
  PickleTuple,
  type PickleValue,
} from './values.js';

/** A storage that a persistent id names; `dtype` is undefined for untyped storages, counted in bytes. */
export class StorageReference extends PickleExtension {
  override readonly kind = 'storage';

  constructor(
    readonly key: string,
    readonly dtype: ElementType | undefined,
    /** Elements (bytes for an untyped storage) of the whole storage. */
    readonly numElements: number,
    /** Elements before this view of it; only the oldest files have such views. */
    readonly viewOffset: number,
    /** Elements that this view shows. */
    readonly viewLength: number,
  ) {
    super();
  }
}

/** A tensor as the pickle describes it; not yet checked against its storage. */
export class TensorDescription extends PickleExtension {
  override readonly kind = 'tensor';

  constructor(
    readonly storage: StorageReference,
    readonly dtype: ElementType,
    readonly storageOffset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {
    super();
  }
}

/** The class of a storage: `torch.FloatStorage` and its like. */
class StorageType extends PickleExtension implements PickleGlobal {
  override readonly kind = 'storage type';

  constructor(
    readonly globalName: string,
    readonly dtype: ElementType | undefined,
  ) {
    super();
  }
}

/** A value such as `torch.float16`. */
class ElementTypeName extends PickleExtension implements PickleGlobal {
  override readonly kind = 'dtype';

  constructor(
    readonly globalName: string,
    readonly dtype: ElementType,
  ) {
    super();
  }
}

const storageTypes: ReadonlyArray<[string, ElementType | undefined]> = [
  ['torch.FloatStorage', 'float32'],
  ['torch.DoubleStorage', 'float64'],
  ['torch.HalfStorage', 'float16'],
  ['torch.BFloat16Storage', 'bfloat16'],
  ['torch.LongStorage', 'int64'],
  ['torch.IntStorage', 'int32'],
  ['torch.ShortStorage', 'int16'],
  ['torch.CharStorage', 'int8'],
  ['torch.ByteStorage', 'uint8'],
  ['torch.BoolStorage', 'bool'],
  ['torch.storage.UntypedStorage', undefined],
  ['torch.UntypedStorage', undefined],
];

const elementTypeNames: ReadonlyArray<[string, ElementType]> = [
  ['float32', 'float32'],
  ['float64', 'float64'],
  ['float16', 'float16'],
  ['bfloat16', 'bfloat16'],
  ['int64', 'int64'],
  ['int32', 'int32'],
  ['int16', 'int16'],
  ['int8', 'int8'],
  ['uint8', 'uint8'],
  ['bool', 'bool'],
];

const constructors: ReadonlyArray<[string, (args: readonly PickleValue[]) => PickleValue]> = [
  ['collections.OrderedDict', orderedDict],
  ['torch.Size', torchSize],
  ['torch._utils._rebuild_tensor', rebuildTensor],
  ['torch._utils._rebuild_tensor_v2', rebuildTensor],
  ['torch._utils._rebuild_tensor_v3', rebuildTensorOfType],
  ['torch._utils._rebuild_parameter', rebuildParameter],
];

/**
 * What training programs keep beside weights: settings and scores. They stand for empty plain data here, so that a file
 * with the settings of its training in it is read like one without; nothing of them runs.
 */
const settings: ReadonlyArray<[string, () => PickleValue]> = [
  ...[
    'argparse.Namespace',
    'types.SimpleNamespace',
    'easydict.EasyDict',
    'pytorch_lightning.utilities.parsing.AttributeDict',
    'lightning_fabric.utilities.data.AttributeDict',
    'lightning.fabric.utilities.data.AttributeDict',
    'numpy.dtype',
  ].map((name): [string, () => PickleValue] => [name, () => new PickleDict()]),
  ...['pathlib.PosixPath', 'pathlib.PurePosixPath', 'pathlib.WindowsPath', '_codecs.encode'].map(
    (name): [string, () => PickleValue] => [name, () => ''],
  ),
  ...['numpy.core.multiarray.scalar', 'numpy._core.multiarray.scalar'].map(
    (name): [string, () => PickleValue] => [name, () => 0],
  ),
];

const allowed = new Map<string, PickleGlobal>([
  ...storageTypes.map(([name, dtype]): [string, PickleGlobal] => [name, new StorageType(name, dtype)]),
  ...elementTypeNames.map(([name, dtype]): [string, PickleGlobal] => [
    `torch.${name}`,
    new ElementTypeName(`torch.${name}`, dtype),
  ]),
  ...[...constructors, ...settings].map(([globalName, construct]): [string, PickleGlobal] => [
    globalName,
    { globalName, construct },
  ]),
]);

/** The allowed class or function of that name, or undefined. */
export function findTorchGlobal(module: string, name: string): PickleGlobal | undefined {
  // Splitting "torch._utils" + "x" otherwise must not give the same name.
  return name.includes('.') ? undefined : allowed.get(`${module}.${name}`);
}

/**
 * The storage that a persistent id ('storage', type, key, location, count[, view]) names.
 *
 * @throws PickleError when the id has another form.
 */
export function readStorageId(id: PickleValue): StorageReference {
  const parts = id instanceof PickleTuple ? id.items : [];
  const [kind, type, key, , numElements, view] = parts;
  if (kind === 'module') throw new PickleError('it stores a whole program object and its source code');
  if (kind !== 'storage' || !(type instanceof StorageType)) {
    throw new PickleError(`it refers to ${describeValue(type ?? id)} where a storage belongs`);
  }
  if (typeof key !== 'string') throw new PickleError(`it has a storage named ${describeValue(key)}`);
  const count = wholeNumber(numElements, `storage ${key}`);
  if (!(view instanceof PickleTuple)) return new StorageReference(key, type.dtype, count, 0, count);
  const offset = wholeNumber(view.items[1], `the view of storage ${key}`);
  const length = wholeNumber(view.items[2], `the view of storage ${key}`);
  if (offset + length > count) throw new PickleError(`it has a view beyond the end of storage ${key}`);
  return new StorageReference(key, type.dtype, count, offset, length);
}

/** OrderedDict() or, from Python 2, OrderedDict([[key, value], ...]). */
export function orderedDict(args: readonly PickleValue[]): PickleValue {
  const dict = new PickleDict();
  for (const pair of sequence(args[0] ?? [], 'OrderedDict')) {
    const items = sequence(pair, 'OrderedDict');
    if (items.length !== 2) throw new PickleError('it gives OrderedDict an item that is not a pair');
    fillDict(dict, items);
  }
  return dict;
}

/** torch.Size((2, 3)) is a tuple of sizes. */
function torchSize(args: readonly PickleValue[]): PickleValue {
  return new PickleTuple(sequence(args[0], 'torch.Size'));
}

/** (storage, offset, size, stride[, requires_grad, hooks]) */
function rebuildTensor(args: readonly PickleValue[]): PickleValue {
  const [storage, offset, size, stride] = args;
  if (!(storage instanceof StorageReference)) {
    throw new PickleError(`it makes a tensor from ${describeValue(storage)}`);
  }
  return describeTensor(storage, storage.dtype ?? 'uint8', offset, size, stride);
}

/** (storage, offset, size, stride, requires_grad, hooks, dtype): the form for untyped storages. */
function rebuildTensorOfType(args: readonly PickleValue[]): PickleValue {
  const [storage, offset, size, stride, , , dtype] = args;
  if (!(storage instanceof StorageReference && dtype instanceof ElementTypeName)) {
    throw new PickleError(`it makes a tensor of ${describeValue(dtype)} from ${describeValue(storage)}`);
  }
  return describeTensor(storage, dtype.dtype, offset, size, stride);
}

/** (tensor, requires_grad, hooks): a parameter's data is the tensor. */
function rebuildParameter(args: readonly PickleValue[]): PickleValue {
  const [tensor] = args;
  if (tensor instanceof TensorDescription) return tensor;
  throw new PickleError(`it makes a parameter from ${describeValue(tensor)}`);
}

function describeTensor(
  storage: StorageReference,
  dtype: ElementType,
  offset: PickleValue | undefined,
  size: PickleValue | undefined,
  stride: PickleValue | undefined,
): TensorDescription {
  const numbers = (value: PickleValue | undefined, what: string): number[] =>
    sequence(value, what).map((item) => wholeNumber(item, what));
  return new TensorDescription(
    storage,
    dtype,
    wholeNumber(offset, "a tensor's offset"),
    numbers(size, "a tensor's size"),
    numbers(stride, "a tensor's stride"),
  );
}

export function sequence(value: PickleValue | undefined, what: string): readonly PickleValue[] {
  if (value instanceof PickleTuple) return value.items;
  if (Array.isArray(value)) return value;
  throw new PickleError(`it gives ${what} ${describeValue(value)} where a sequence belongs`);
}

export function wholeNumber(value: PickleValue | undefined, what: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new PickleError(`it gives ${what} ${describeValue(value)} where a whole number from 0 belongs`);
}
