/** @file What the elements of a dataset are: numbers of a width and byte order, or something that is not read here. */

import type { Fields } from './fields.js';

/** A number as a file stores it. */
export interface ElementType {
  /** `float32`, `uint8` and so on; `other` for what is no plain number. */
  readonly name: NumberName | 'other';
  /** As a sentence calls it: `float32`, `a compound of several`. */
  readonly text: string;
  /** Bytes of one element. */
  readonly size: number;
  readonly isBigEndian: boolean;
}

export type NumberName =
  | 'float16'
  | 'float32'
  | 'float64'
  | `int${8 | 16 | 32 | 64}`
  | `uint${8 | 16 | 32 | 64}`;

const [FIXED_POINT, FLOATING_POINT] = [0, 1];
const OTHERS = [
  'whole numbers of odd widths',
  'floats of odd widths',
  'times',
  'texts',
  'bits',
  'opaque bytes',
  'compounds of several values',
  'references',
  'names of an enumeration',
  'texts or lists of any length',
  'arrays',
];

/** IEEE 754: bits of sign and exponent by the width in bytes. */
const FLOATS: Readonly<Record<number, { readonly exponent: number; readonly bias: number }>> = {
  2: { exponent: 5, bias: 15 },
  4: { exponent: 8, bias: 127 },
  8: { exponent: 11, bias: 1023 },
};

export function readDatatype(fields: Fields): ElementType {
  const kind = fields.number(1) & 15;
  const bits = fields.number(3);
  const size = fields.number(4);
  const isBigEndian = (bits & 1) !== 0;
  const name =
    kind === FIXED_POINT
      ? wholeName(fields, size, (bits & 8) !== 0)
      : kind === FLOATING_POINT && (bits & 0x40) === 0
        ? floatName(fields, size)
        : undefined;
  if (name !== undefined) return { name, text: name, size, isBigEndian };
  return { name: 'other', text: OTHERS[kind] ?? 'values of an unknown type', size, isBigEndian: false };
}

function wholeName(fields: Fields, size: number, isSigned: boolean): NumberName | undefined {
  const [offset, precision] = [fields.number(2), fields.number(2)];
  if (offset !== 0 || precision !== 8 * size || ![1, 2, 4, 8].includes(size)) return undefined;
  return `${isSigned ? '' : 'u'}int${(8 * size) as 8}`;
}

function floatName(fields: Fields, size: number): NumberName | undefined {
  const [offset, precision] = [fields.number(2), fields.number(2)];
  fields.skip(1);
  const exponentBits = fields.number(1);
  fields.skip(2);
  const bias = fields.number(4);
  const known = FLOATS[size];
  if (known === undefined || offset !== 0 || precision !== 8 * size) return undefined;
  if (known.exponent !== exponentBits || known.bias !== bias) return undefined;
  return `float${(8 * size) as 16}`;
}
