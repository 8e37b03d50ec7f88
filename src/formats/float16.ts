/** @file IEEE 754 half precision: float32 to float16 rounded to nearest even, and back without loss. */

/** Largest finite float16. */
export const FLOAT16_MAX = 65504;

/** From this float32 magnitude on (65520, halfway to the next power of two), rounding would give infinity. */
const OVERFLOW_BITS = 0x477ff000;
/** 2^-14, the smallest normal float16, as float32 bits. */
const SMALLEST_NORMAL_BITS = 0x38800000;

/**
 * Writes `source` as float16 bits into `target`, rounding to nearest, ties to even, as every processor does.
 *
 * @returns the position of the first value that float16 cannot hold (too large, infinite, NaN), where the
 *   conversion stopped, or -1 when all were written.
 */
export function float32ToFloat16(source: Float32Array, target: Uint16Array): number {
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  for (let i = 0; i < bits.length; i++) {
    const x = bits[i] as number;
    const magnitude = x & 0x7fffffff;
    const sign = (x >>> 16) & 0x8000;
    if (magnitude >= OVERFLOW_BITS) return i;
    target[i] =
      sign | (magnitude >= SMALLEST_NORMAL_BITS ? roundNormal(magnitude) : roundSubnormal(magnitude));
  }
  return -1;
}

/** Re-biases the exponent (127 to 15) and drops 13 mantissa bits; a carry into the exponent is correct. */
function roundNormal(magnitude: number): number {
  return (magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13;
}

/** Below 2^-14 a float16 is a multiple of 2^-24: shift the full mantissa there and round what falls off. */
function roundSubnormal(magnitude: number): number {
  const exponent = magnitude >>> 23;
  // Below half of the smallest subnormal everything rounds to zero (and a shift by more than 31 would wrap).
  if (exponent < 102) return 0;
  const mantissa = (magnitude & 0x7fffff) | 0x800000;
  const shift = 126 - exponent;
  const kept = mantissa >>> shift;
  const dropped = mantissa & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return dropped > half || (dropped === half && (kept & 1) === 1) ? kept + 1 : kept;
}

let table: Float32Array | undefined;

/** Writes float16 bits as float32 values into `target`; exact, since float32 holds every float16. */
export function float16ToFloat32(source: Uint16Array, target: Float32Array): void {
  table ??= makeTable();
  for (let i = 0; i < source.length; i++) target[i] = table[source[i] as number] as number;
}

/** Position of the first float16 that is infinite or NaN (all exponent bits set), or -1. */
export function findNonFiniteFloat16(values: Uint16Array): number {
  for (let i = 0; i < values.length; i++) {
    if (((values[i] as number) & 0x7c00) === 0x7c00) return i;
  }
  return -1;
}

/** All 65,536 values: a look-up is faster than taking the bits apart each time. */
function makeTable(): Float32Array {
  const values = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >>> 10) & 0x1f;
    const mantissa = bits & 0x3ff;
    if (exponent === 31) values[bits] = mantissa === 0 ? sign * Infinity : Number.NaN;
    else if (exponent === 0) values[bits] = sign * mantissa * 2 ** -24;
    else values[bits] = sign * (1024 + mantissa) * 2 ** (exponent - 25);
  }
  return values;
}
