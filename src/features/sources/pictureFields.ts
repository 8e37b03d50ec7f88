/** @file The values of one picture's record under whatever name its writer gave them, as arrays and counts. */

import { type DataValue, isNumberArray } from '../../checkpoint/pickle/index.js';
import { LxmertError } from '../../common/errors.js';
import { decodeBase64 } from '../../formats/base64.js';
import { countOf, floatsOf, integersOf, type NumberArray } from '../../formats/numberArray.js';
import { formatCount } from '../../formats/numbers.js';

/** Named values: the members of an .npz file, or a dictionary. */
export type PictureRecord = ReadonlyMap<DataValue, DataValue>;

/** The names of each thing, the likelier first. */
const NAMES = {
  imageId: ['img_id', 'image_id'],
  features: ['features', 'x', 'feature', 'feat', 'roi_features'],
  boxes: ['boxes', 'bbox', 'bboxes', 'norm_bb', 'normalized_boxes'],
  width: ['image_width', 'image_w', 'img_w', 'width', 'w'],
  height: ['image_height', 'image_h', 'img_h', 'height', 'h'],
  numBoxes: ['num_boxes', 'num_bbox', 'preds_per_image'],
  objectsId: ['objects_id', 'obj_id', 'obj_ids', 'objects'],
  objectsConf: ['objects_conf', 'obj_conf', 'obj_probs'],
  attrsId: ['attrs_id', 'attr_id', 'attr_ids', 'attributes_id'],
  attrsConf: ['attrs_conf', 'attr_conf', 'attr_probs', 'attributes_conf'],
  classProbabilities: ['cls_prob'],
  softLabels: ['soft_labels'],
} as const;
export type Field = keyof typeof NAMES;

/** A value, and the name under which it is there. */
interface Named<T> {
  readonly name: string;
  readonly value: T;
}

/** Every name that is looked for; values under others need not be read. */
export const FIELD_NAMES: ReadonlySet<string> = new Set(['info', ...Object.values(NAMES).flat()]);

/** Whole numbers among the columns of an obj36 row whose arrays stand in base64. */
const WHOLE: ReadonlySet<Field> = new Set(['objectsId', 'attrsId']);
/** More are no picture's. */
const MAX_VALUES = 1 << 26;

export class PictureFields {
  readonly #values = new Map<string, DataValue>();
  readonly #names: readonly string[];

  /** @param record null stands for a value that was not read; a dictionary under `info` counts where the record has no such name */
  constructor(record: PictureRecord) {
    const inner = record.get('info');
    for (const values of [inner instanceof Map ? (inner as PictureRecord) : new Map(), record])
      for (const [name, value] of values) {
        const text = textOf(name);
        if (typeof text === 'string' && value !== null) this.#values.set(text, value);
      }
    this.#names = [...record.keys()].map((name) => String(textOf(name)));
  }

  /** The names of all values, in a sentence. */
  get listed(): string {
    const names = this.#names.map((name) => name.slice(0, 40));
    return names.length === 0
      ? 'nothing'
      : `${names.slice(0, 12).join(', ')}${names.length > 12 ? ', ...' : ''}`;
  }

  has(field: Field): boolean {
    return this.#find(field) !== undefined;
  }

  /** A text or a whole number as a text. */
  text(field: Field): string | undefined {
    const found = textOf(this.#find(field)?.value ?? null);
    const number = this.count(field, () => undefined);
    return typeof found === 'string' ? found : number === undefined ? undefined : String(number);
  }

  /** A number; undefined when it is not there. @throws LxmertError for another value, unless told what to do */
  count(field: Field, otherwise = (problem: string): undefined => fail(problem)): number | undefined {
    const found = this.#find(field);
    if (found === undefined) return undefined;
    const number = scalarOf(found.value);
    return number ?? otherwise(`${found.name} should be a number.`);
  }

  /** An array of numbers; undefined when it is not there. @throws LxmertError for another value */
  array(field: Field): Named<NumberArray> | undefined {
    const found = this.#find(field);
    if (found === undefined) return undefined;
    const { name } = found;
    const array = arrayOf(found.value, WHOLE.has(field));
    if (array === undefined) throw new LxmertError(`${name} should be an array of numbers.`);
    const count = countOf(array.shape);
    if (!(count <= MAX_VALUES))
      throw new LxmertError(`${name} has the shape (${array.shape.join(', ')}), which is no picture's.`);
    return { name, value: array };
  }

  /** The first `numBoxes` of one number for each box, filled up with nothing. @throws LxmertError when they are fewer */
  floats(field: Field, numBoxes: number): Float32Array | undefined {
    const array = this.array(field);
    return array && floatsOf(this.#checked(array, numBoxes)).subarray(0, numBoxes);
  }

  integers(field: Field, numBoxes: number): BigInt64Array | undefined {
    const array = this.array(field);
    if (array === undefined) return undefined;
    const values = integersOf(this.#checked(array, numBoxes));
    return values?.subarray(0, numBoxes) ?? fail(`${array.name} should hold whole numbers.`);
  }

  #checked({ name, value }: Named<NumberArray>, numBoxes: number): NumberArray {
    const count = countOf(value.shape);
    if (count < numBoxes || value.shape.filter((size) => size !== 1).length > 1)
      throw new LxmertError(
        `${name} should hold ${formatCount(numBoxes, 'value')} for ${formatCount(numBoxes, 'box')}; its shape is (${value.shape.join(', ')}).`,
      );
    return value;
  }

  #find(field: Field): Named<DataValue> | undefined {
    for (const name of NAMES[field]) {
      const value = this.#values.get(name);
      if (value !== undefined) return { name, value };
    }
    return undefined;
  }
}

/** Python 2 and msgpack have bytes for texts. */
function textOf(value: DataValue): DataValue {
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value;
}

function fail(problem: string): never {
  throw new LxmertError(problem);
}

/** A number, an array of one, or the digits of one. */
function scalarOf(value: DataValue): number | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  if (typeof value === 'string') return /^\d{1,9}(\.0+)?$/.test(value) ? Number(value) : undefined;
  return isNumberArray(value) && countOf(value.shape) === 1 ? floatsOf(value)[0] : undefined;
}

/** An array, a list of numbers or of lists of numbers, or the base64 of one as obj36 has it. */
function arrayOf(value: DataValue, isWhole: boolean): NumberArray | undefined {
  if (isNumberArray(value)) return value;
  if (typeof value === 'string' || value instanceof Uint8Array)
    return ofBase64(typeof value === 'string' ? Buffer.from(value, 'latin1') : Buffer.from(value), isWhole);
  return Array.isArray(value) ? ofList(value) : undefined;
}

/** A field of a row of obj36: int64 or float32, whatever their shape. */
function ofBase64(text: Buffer, isWhole: boolean): NumberArray | undefined {
  const bytes = decodeBase64(text);
  const width = isWhole ? 8 : 4;
  if (typeof bytes === 'string' || bytes.length % width !== 0) return undefined;
  return { type: isWhole ? 'int64' : 'float32', shape: [bytes.length / width], bytes };
}

function ofList(items: readonly DataValue[]): NumberArray | undefined {
  const rows = items.map((item) => (Array.isArray(item) ? (item as readonly DataValue[]) : undefined));
  const numColumns = rows[0]?.length;
  const flat = numColumns === undefined ? items : rows.flatMap((row) => row ?? [null]);
  if (flat.some((item) => scalarOf(item) === undefined)) return undefined;
  const shape = numColumns === undefined ? [items.length] : [items.length, numColumns];
  if (countOf(shape) !== flat.length) return undefined;
  const values = Float64Array.from(flat, (item) => scalarOf(item) as number);
  return { type: 'float64', shape, bytes: new Uint8Array(values.buffer) };
}
