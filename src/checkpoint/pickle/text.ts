/** @file The number and string spellings inside pickles. */

import { PickleError } from './error.js';

/** Longest integer, in bytes or digits, that is read; torch's largest is its 10-byte magic number. */
const maxIntegerLength = 1024;

/** Little-endian two's complement, as LONG1 and LONG4 hold it. */
export function readLong(bytes: Uint8Array): number | bigint {
  if (bytes.length > maxIntegerLength) throw new PickleError(`it has an integer of ${bytes.length} bytes`);
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  const last = bytes.at(-1);
  if (last !== undefined && last >= 0x80) value -= 1n << BigInt(8 * bytes.length);
  return narrow(value);
}

/** The decimal text of INT and LONG; INT also spells booleans, as 00 and 01. */
export function readDecimal(text: string): number | bigint | boolean {
  if (text === '00') return false;
  if (text === '01') return true;
  const digits = text.replace(/L$/, '');
  if (digits.length > maxIntegerLength || !/^[+-]?\d+$/.test(digits)) {
    throw new PickleError(`it has a malformed integer ${JSON.stringify(text.slice(0, 40))}`);
  }
  return narrow(BigInt(digits.replace(/^\+/, '')));
}

/** The text of FLOAT. */
export function readFloatText(text: string): number {
  const special = { inf: Infinity, '-inf': -Infinity, nan: NaN }[text.trim().toLowerCase()];
  const value = special ?? (text.trim() === '' ? NaN : Number(text));
  if (Number.isNaN(value) && special === undefined) {
    throw new PickleError(`it has a malformed number ${JSON.stringify(text.slice(0, 40))}`);
  }
  return value;
}

/** STRING: a quoted Python literal with the usual escapes. */
export function readQuoted(text: string): string {
  const match = /^(['"])(.*)\1$/s.exec(text.trim());
  if (match === null) throw new PickleError('it has a string without quotes');
  const named: Record<string, string> = { n: '\n', r: '\r', t: '\t', '\\': '\\', "'": "'", '"': '"' };
  return match[2]!.replace(/\\(x[0-9a-fA-F]{2}|.)/gs, (whole, code: string) =>
    code.length === 3 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (named[code] ?? whole),
  );
}

/** UNICODE: text in which \uXXXX and \UXXXXXXXX stand for characters. */
export function readEscapedUnicode(text: string): string {
  return text.replace(
    /\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g,
    (_escape, short?: string, long?: string) => {
      const code = Number.parseInt(short ?? long ?? '', 16);
      if (code > 0x10ffff) throw new PickleError('it has a character beyond Unicode');
      return String.fromCodePoint(code);
    },
  );
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
