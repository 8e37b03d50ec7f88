/** @file Headers made and read back; keys of any name, and texts in them of any length. */

import { describe, expect, it } from 'vitest';
import { findDuplicateKey } from '../../src/formats/duplicateKeys.js';
import {
  HeaderError,
  headerJson,
  padHeader,
  parseHeader,
  parseHeaderLength,
} from '../../src/formats/safetensorsHeader.js';

describe('a header', () => {
  it('is read back as it was made, padded to its length', () => {
    const tensors = [
      ['a', 'F32', [2, 3]],
      ['__proto__', 'BF16', []],
      ['empty', 'I64', [0, 4]],
    ] as const;
    const header = padHeader(headerJson(tensors, { note: 'x' }), 512);
    expect(header).toHaveLength(512);
    const fileBytes = 512 + 24 + 2;
    expect(parseHeaderLength(header.subarray(0, 8), fileBytes)).toBe(504);
    const parsed = parseHeader(header.subarray(8), fileBytes);
    expect([...parsed.tensors]).toEqual([
      ['a', { dtype: 'F32', shape: [2, 3], begin: 0, end: 24 }],
      ['__proto__', { dtype: 'BF16', shape: [], begin: 24, end: 26 }],
      ['empty', { dtype: 'I64', shape: [0, 4], begin: 26, end: 26 }],
    ]);
    expect([...parsed.metadata]).toEqual([['note', 'x']]);
    expect(parsed.dataStart).toBe(512);
  });

  it('says how long a file that is cut short should be', () => {
    const json = headerJson([['a', 'U8', [10]]], {});
    const errorOf = (work: () => unknown): HeaderError => {
      try {
        work();
      } catch (error) {
        if (error instanceof HeaderError) return error;
      }
      throw new Error('no HeaderError');
    };
    const first = padHeader(json, 8 + json.length).subarray(0, 8);
    expect(errorOf(() => parseHeaderLength(first, 20)).neededBytes).toBe(8 + json.length);
    expect(errorOf(() => parseHeader(json, 8 + json.length + 9)).neededBytes).toBe(8 + json.length + 10);
    expect(errorOf(() => parseHeader(json, 8 + json.length + 11)).neededBytes).toBeUndefined();
  });
});

it.each(['dtype', 'shape', 'data_offsets'])('tells of a %s that is nested thousands deep', (key) => {
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  const entry = { dtype: 'F32', shape: [1], data_offsets: [0, 4], [key]: 'HERE' };
  const header = JSON.stringify({ a: entry }).replace('"HERE"', deep);
  expect(() => parseHeader(Buffer.from(header), 1e6)).toThrow('a value that is nested thousands deep');
});

describe('a name of a whole page', () => {
  const name = 'x'.repeat(5000);
  it.each([
    [{ [name]: { dtype: 'F32', shape: [1], data_offsets: [4, 8] } }, /gap/],
    [{ [name]: { dtype: 'F32', shape: [1], data_offsets: [0, 3] } }, /cannot lie/],
    [{ [name]: { dtype: 'F3', shape: [1], data_offsets: [0, 4] } }, /element type/],
  ])('is shortened in what is said of it', (header, fault) => {
    let message = '';
    try {
      parseHeader(Buffer.from(JSON.stringify(header)), 1e6);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toMatch(fault);
    expect(message.length).toBeLessThan(500);
  });
});

describe('findDuplicateKey', () => {
  it.each([
    ['{"a":1,"b":{"a":2}}', undefined],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['[{"a":1},{"a":2}]', undefined],
    ['{"x":[{"b":1,"c":"b","b":2}]}', 'b'],
    ['{"a\\"":1,"a":2,"t":"{\\"a\\":1}"}', undefined],
    ['{"a\\\\":1,"b":"\\\\","a\\\\":2}', 'a\\'],
  ])('%s', (text, key) => {
    expect(findDuplicateKey(text)).toBe(key);
  });

  it('passes over a text of 20 MB', () => {
    const ids = JSON.stringify(Array.from({ length: 1_000_000 }, (_, i) => `COCO_train_${i}`));
    expect(findDuplicateKey(JSON.stringify({ ids, other: 1 }))).toBeUndefined();
  });
});
