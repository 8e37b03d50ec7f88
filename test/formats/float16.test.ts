/** @file Half precision against its definition: the nearest multiple of the spacing, ties to even. */

import { describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import {
  FLOAT16_MAX,
  findNonFiniteFloat16,
  float16ToFloat32,
  float32ToFloat16,
} from '../../src/formats/float16.js';

const allBits = Uint16Array.from({ length: 65536 }, (_, i) => i);
const allValues = new Float32Array(65536);
float16ToFloat32(allBits, allValues);

/** Rounds in doubles, which hold value / spacing exactly, and so shares nothing with the code under test. */
function roundedByDefinition(value: number): number {
  const magnitude = Math.abs(value);
  const exponent = magnitude === 0 ? -14 : Math.max(-14, Math.floor(Math.log2(magnitude)));
  const spacing = 2 ** (exponent - 10);
  const steps = magnitude / spacing;
  const below = Math.floor(steps);
  const rest = steps - below;
  const rounded = rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
  return Math.sign(value) * rounded * spacing;
}

function convert(values: Float32Array): { half: Uint16Array; bad: number; back: Float32Array } {
  const half = new Uint16Array(values.length);
  const bad = float32ToFloat16(values, half);
  const back = new Float32Array(values.length);
  float16ToFloat32(half, back);
  return { half, bad, back };
}

describe('float16', () => {
  it('decodes known values', () => {
    const known: [number, number][] = [
      [0x0000, 0],
      [0x3c00, 1],
      [0xc000, -2],
      [0x7bff, FLOAT16_MAX],
      [0x0400, 2 ** -14],
      [0x0001, 2 ** -24],
      [0x3555, 0.333251953125],
      [0x7c00, Infinity],
    ];
    for (const [bits, value] of known) expect(allValues[bits]).toBe(value);
    expect(allValues[0x7e00]).toBeNaN();
    expect(Object.is(allValues[0x8000], -0)).toBe(true);
  });

  it('takes every finite value to float32 and back unchanged', () => {
    const finite = allBits.filter((bits) => (bits & 0x7c00) !== 0x7c00);
    const { half, bad } = convert(Float32Array.from(finite, (bits) => allValues[bits] as number));
    expect(bad).toBe(-1);
    expect(half).toEqual(finite);
  });

  it('rounds ties between neighbours to the even one, and everything else to the nearest', () => {
    const values: number[] = [];
    for (let bits = 0; bits < 0x7bff; bits++) {
      const middle = ((allValues[bits] as number) + (allValues[bits + 1] as number)) / 2;
      // Steps of float32 around the middle: enough to leave it, far less than a float16 step.
      values.push(middle, -middle, middle * (1 + 2 ** -20), middle * (1 - 2 ** -20));
    }
    const source = Float32Array.from(values);
    const { back, bad } = convert(source);
    expect(bad).toBe(-1);
    expect(back.findIndex((value, i) => value !== roundedByDefinition(source[i] as number))).toBe(-1);
  });

  it('rounds random bit patterns as defined', () => {
    const random = new Random(3);
    const bits = Uint32Array.from({ length: 200_000 }, () => random.uint32());
    const source = new Float32Array(bits.buffer).filter((value) => Math.abs(value) < 65520);
    expect(source.length).toBeGreaterThan(100_000);
    const { back, bad } = convert(source);
    expect(bad).toBe(-1);
    expect(back.findIndex((value, i) => value !== roundedByDefinition(source[i] as number))).toBe(-1);
  });

  it('stops at the first value that would become infinite', () => {
    expect(convert(Float32Array.of(1, 65519.99, -65519.99)).bad).toBe(-1);
    expect(convert(Float32Array.of(1, 65520)).bad).toBe(1);
    expect(convert(Float32Array.of(-1e9)).bad).toBe(0);
    expect(convert(Float32Array.of(1, 2, Number.NaN)).bad).toBe(2);
    expect(convert(Float32Array.of(Infinity)).bad).toBe(0);
  });

  it('finds what is not finite', () => {
    expect(findNonFiniteFloat16(Uint16Array.of(0, 0x7bff, 0xfbff))).toBe(-1);
    expect(findNonFiniteFloat16(Uint16Array.of(0, 0x7c00))).toBe(1);
    expect(findNonFiniteFloat16(Uint16Array.of(0xfe01))).toBe(0);
  });
});
