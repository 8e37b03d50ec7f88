/** @file Damage to tables of text: columns that move, numbers that grow, base64 that is cut, wrapped or of other numbers. */

import type { Random } from '../../../src/common/random.js';
import { type ByteMutation, EXTREME_NUMBERS, mutateBytes } from './bytes.js';

const STRANGE_FIELDS = [
  '',
  ' ',
  '\u0000',
  "b'AAAA'",
  'null',
  '-',
  '=',
  'A',
  'AAAA',
  '\u00e9',
  '\u001b[2J',
  '"a"',
];

/** One change to one field of a table with tabs, or to its bytes. */
export const mutateTsv: ByteMutation = (bytes, random) => mutateTable(bytes, random, '\t');

/** The same with commas. */
export const mutateCsv: ByteMutation = (bytes, random) => mutateTable(bytes, random, ',');

function mutateTable(bytes: Buffer, random: Random, separator: string): Buffer {
  if (bytes.length === 0 || random.uniform() < 0.3) return mutateBytes(bytes, random);
  const lines = bytes.toString('latin1').split('\n');
  const row = random.integer(Math.max(1, lines.length - 1));
  const fields = (lines[row] as string).split(separator);
  const changed = mutateFields(fields, random).join(separator);
  return Buffer.from(lines.with(row, changed).join('\n'), 'latin1');
}

function mutateFields(fields: readonly string[], random: Random): readonly string[] {
  const at = random.integer(fields.length);
  const other = random.integer(fields.length);
  const field = fields[at] as string;
  switch (random.integer(6)) {
    case 0:
      return fields.with(at, random.pick(EXTREME_NUMBERS));
    case 1:
      return fields.with(at, random.pick(STRANGE_FIELDS));
    case 2:
      return fields.with(at, fields[other] as string).with(other, field);
    case 3:
      return random.uniform() < 0.5 ? fields.toSpliced(at, 1) : fields.toSpliced(at, 0, field);
    default:
      return fields.with(at, mutateBase64(field, random));
  }
}

/** Base64 that stays base64 of damaged bytes, or does not. */
function mutateBase64(text: string, random: Random): string {
  switch (random.integer(6)) {
    case 0:
      return text.slice(0, random.integer(text.length + 1));
    case 1:
      return text.replace(/=+$/, '');
    case 2:
      return text.replaceAll('+', '-').replaceAll('/', '_');
    case 3:
      return `${text.slice(0, 76)}${random.pick(['\r', ' ', '=', '*', '\u0000'])}${text.slice(76)}`;
    default:
      return mutateBytes(Buffer.from(text, 'base64'), random).toString('base64');
  }
}
