import { describe, expect, it } from 'vitest';
import { float32ToFloat16 } from '../../src/formats/float16.js';
import { floatsOf, integersOf, type NumberElement } from '../../src/formats/numberArray.js';

const arrayOf = (type: NumberElement, values: ArrayBufferView & { length: number }) => ({
  type,
  shape: [values.length],
  bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
});

describe('whole numbers of an array', () => {
  // Beyond 2^24 float32 has not every whole number.
  it.each([
    ['int32', new Int32Array([16_777_217, -2_147_483_647])],
    ['uint32', new Uint32Array([16_777_217, 4_294_967_295])],
    ['float64', new Float64Array([16_777_217, Number.MAX_SAFE_INTEGER])],
  ] as const)('are exact in %s', (type, values) => {
    expect(integersOf(arrayOf(type, values))).toEqual(BigInt64Array.from(values, BigInt));
  });

  it.each([
    ['int8', new Int8Array([-128, 127])],
    ['uint8', new Uint8Array([0, 255])],
    ['bool', new Uint8Array([0, 1])],
    ['int16', new Int16Array([-32_768, 32_767])],
    ['uint16', new Uint16Array([0, 65_535])],
    ['float32', new Float32Array([-3, 16_777_216])],
  ] as const)('are read of %s', (type, values) => {
    expect(integersOf(arrayOf(type, values))).toEqual(BigInt64Array.from(values, BigInt));
  });

  it('are none where a float is not whole, is no number, or is too large to be exact', () => {
    for (const value of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])
      expect(integersOf(arrayOf('float64', new Float64Array([1, value])))).toBeUndefined();
    const halves = new Uint16Array(2);
    float32ToFloat16(new Float32Array([1, 0.5]), halves);
    expect(integersOf(arrayOf('float16', halves))).toBeUndefined();
  });
});

it('reads unsigned numbers of 64 bits beyond the signed ones as floats', () => {
  expect([...floatsOf(arrayOf('uint64', new BigUint64Array([2n ** 63n, 7n])))]).toEqual([2 ** 63, 7]);
  expect([...floatsOf(arrayOf('int64', new BigInt64Array([-7n])))]).toEqual([-7]);
});
