/** @file The columns of an Arrow table: their names and types, as the schema message has them. */

import type { NumberElement } from '../numberArray.js';
import { ArrowFault, type FlatTable } from './flatTable.js';

/** A column, or what a column's lists hold. */
export interface ArrowField {
  readonly name: string;
  readonly type: ArrowType;
  readonly children: readonly ArrowField[];
}

/** `numBuffers` and `numBatchBuffers` (a number that each batch states) say what of a batch is the field's own. */
export type ArrowType =
  | { readonly kind: 'number'; readonly element: NumberElement; readonly numBuffers: 2 }
  /** Lists of any length; `offsetBytes` of each of their bounds. */
  | { readonly kind: 'list'; readonly offsetBytes: 4 | 8; readonly numBuffers: 2 }
  | { readonly kind: 'fixedList'; readonly length: number; readonly numBuffers: 1 }
  | { readonly kind: 'text'; readonly offsetBytes: 4 | 8; readonly numBuffers: 3 }
  /** Places in a list of values, which messages of their own hold under this number. */
  | {
      readonly kind: 'dictionary';
      readonly id: number;
      readonly element: NumberElement;
      readonly values: ArrowField;
      readonly numBuffers: 2;
    }
  | {
      readonly kind: 'other';
      readonly name: string;
      readonly numBuffers: number;
      readonly isView?: boolean;
    };

/** Of FlatBuffers' tables Schema, Field and DictionaryEncoding. */
const SCHEMA = { endianness: 0, fields: 1 } as const;
const FIELD = { name: 0, typeCode: 2, type: 3, dictionary: 4, children: 5 } as const;
const DICTIONARY = { id: 0, indexType: 1 } as const;

/** More are no table of this world; tables may point to one another. */
const MAX_FIELDS = 10_000;
const MAX_DEPTH = 16;

/** @throws ArrowFault for one that no honest program writes; RangeError outside the bytes */
export function readSchema(schema: FlatTable): ArrowField[] {
  if (schema.int16(SCHEMA.endianness) !== 0)
    throw new ArrowFault('its numbers are big-endian, which are not read');
  let numFields = 0;
  const readFields = (tables: readonly FlatTable[], depth: number): ArrowField[] => {
    numFields += tables.length;
    if (numFields > MAX_FIELDS || depth > MAX_DEPTH)
      throw new ArrowFault(
        `it has more than ${MAX_FIELDS} columns, or lists in lists of ${MAX_DEPTH} levels`,
      );
    return tables.map((field) => {
      const values: ArrowField = {
        name: field.text(FIELD.name),
        type: readType(field.uint8(FIELD.typeCode), field.table(FIELD.type)),
        children: readFields(field.tables(FIELD.children), depth + 1),
      };
      const dictionary = field.table(FIELD.dictionary);
      if (dictionary === undefined) return values;
      const indexType = dictionary.table(DICTIONARY.indexType);
      const element = indexType === undefined ? 'int32' : integerOf(indexType);
      if (element === undefined) throw new ArrowFault(`the places of ${values.name} are no whole numbers`);
      const id = dictionary.count(DICTIONARY.id);
      return {
        name: values.name,
        type: { kind: 'dictionary', id, element, values, numBuffers: 2 },
        children: [],
      };
    });
  };
  return readFields(schema.tables(SCHEMA.fields), 0);
}

/** Types that are not read, by their codes, with the buffers that a batch has of them. */
const OTHERS: Readonly<Record<number, readonly [name: string, numBuffers: number, isView?: true]>> = {
  1: ['null', 0],
  4: ['binary', 3],
  6: ['bool', 2],
  7: ['decimal', 2],
  8: ['date', 2],
  9: ['time', 2],
  10: ['timestamp', 2],
  11: ['interval', 2],
  13: ['struct', 1],
  15: ['fixed_size_binary', 2],
  17: ['map', 2],
  18: ['duration', 2],
  19: ['large_binary', 3],
  22: ['run_end_encoded', 0],
  23: ['binary_view', 2, true],
  24: ['string_view', 2, true],
  25: ['list_view', 3],
  26: ['large_list_view', 3],
};

const FLOATS = ['float16', 'float32', 'float64'] as const;

function integerOf(type: FlatTable | undefined): NumberElement | undefined {
  const element = `${type?.uint8(1) ? 'int' : 'uint'}${type?.int32(0)}`;
  return /^u?int(8|16|32|64)$/.test(element) ? (element as NumberElement) : undefined;
}

function readType(code: number, type: FlatTable | undefined): ArrowType {
  switch (code) {
    case 2: {
      const element = integerOf(type);
      if (element === undefined) break;
      return { kind: 'number', element, numBuffers: 2 };
    }
    case 3: {
      const element = FLOATS[type?.int16(0) ?? 0];
      if (element === undefined) break;
      return { kind: 'number', element, numBuffers: 2 };
    }
    case 5:
      return { kind: 'text', offsetBytes: 4, numBuffers: 3 };
    case 20:
      return { kind: 'text', offsetBytes: 8, numBuffers: 3 };
    case 12:
      return { kind: 'list', offsetBytes: 4, numBuffers: 2 };
    case 21:
      return { kind: 'list', offsetBytes: 8, numBuffers: 2 };
    case 16: {
      const length = type?.int32(0) ?? 0;
      if (length < 0) break;
      return { kind: 'fixedList', length, numBuffers: 1 };
    }
    case 14:
      return { kind: 'other', name: 'union', numBuffers: type?.int16(0) === 1 ? 2 : 1 };
    default: {
      const other = OTHERS[code];
      if (other === undefined) break;
      const [name, numBuffers, isView] = other;
      return { kind: 'other', name, numBuffers, ...(isView ? { isView } : {}) };
    }
  }
  throw new ArrowFault(`a column has the type ${code}, which is none, or none with such settings`);
}

/** `list<list<float32>>` */
export function typeText({ type, children }: ArrowField): string {
  const inner = children.map(typeText).join(', ');
  switch (type.kind) {
    case 'number':
      return type.element;
    case 'text':
      return 'string';
    case 'list':
      return `list<${inner}>`;
    case 'fixedList':
      return `list<${inner}>[${type.length}]`;
    case 'dictionary':
      return `dictionary<${typeText(type.values)}>`;
    default:
      return inner === '' ? type.name : `${type.name}<${inner}>`;
  }
}

/** Whether each value of a column is a number or a text, as it is or by its place in a dictionary. */
export function isSingle({ type }: ArrowField): boolean {
  return (
    type.kind === 'number' || type.kind === 'text' || (type.kind === 'dictionary' && isSingle(type.values))
  );
}

/** Whether a column holds numbers, or lists, or lists of lists, of them. */
export function isOfNumbers({ type, children }: ArrowField): boolean {
  if (type.kind === 'number') return true;
  const [child] = children;
  return (
    (type.kind === 'list' || type.kind === 'fixedList') &&
    child !== undefined &&
    children.length === 1 &&
    isOfNumbers(child)
  );
}
