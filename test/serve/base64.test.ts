/** @file Base64 in the forms that browsers, tools and languages write it in. */

import { describe, expect, it } from 'vitest';
import { numBytesOf, readBase64 } from '../../src/serve/base64.js';

/** Gives + and / in the plain alphabet, and both amounts of padding by its length. */
const bytesOf = (length: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => (i % 3 === 0 ? 0xfb : 0xff - i)));

describe.each([99, 100, 101])('%i bytes', (length) => {
  const bytes = bytesOf(length);
  const plain = bytes.toString('base64');
  const lines = plain.replace(/.{76}/g, '$&\r\n');
  it.each([
    ['plain', plain],
    ['without padding', plain.replace(/=+$/, '')],
    ["for addresses (RFC 4648's second alphabet)", bytes.toString('base64url')],
    ['in lines of MIME', `${lines}\r\n`],
    ['in lines with an indent', `  ${plain.replace(/.{64}/g, '$&\n  ')}\n`],
    ['as a data: address', `data:image/jpeg;base64,${plain}`],
    ['as a data: address in capitals', `DATA:image/png;BASE64,${plain}`],
    ['as a data: address with parameters', `data:image/svg+xml;charset=utf-8;base64,${plain}`],
    ['as an escaped data: address', `data:image/png;base64,${encodeURIComponent(plain)}`],
    ['as an escaped data: address in lines', `data:;base64,${encodeURIComponent(lines)}`],
  ])('%s', (_, text) => {
    const reading = readBase64(text);
    expect(reading).toEqual({ base64: plain });
    expect(numBytesOf(plain)).toBe(length);
  });
});

it.each([
  ['', 'found nothing'],
  ['data:image/png;base64,', 'found nothing'],
  ['data:image/png,%89PNG', 'without ;base64'],
  ['data:image/png;base64', 'a comma'],
  ['https://example.org/a.jpg', 'nothing is fetched here'],
  ['photos/a.jpg', 'the name of a file ("photos/a.jpg")'],
  ["b'iVBORw0KGgo='", 'as Python writes bytes'],
  ['iVBO Rw0KG go=', 'escape them as %2B'],
  ['iVBORw0KGgoAA', '13 of its characters'],
])('%s is told as what it is', (text, words) => {
  const reading = readBase64(text);
  expect(reading).toEqual({ problem: expect.stringContaining(words) });
});
