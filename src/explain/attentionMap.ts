/** @file Attention as it travels: 16-bit numbers in base64. Plain values alone, for every way to compute them. */

/** Probabilities of one layer: for every head and row they sum to 1 over the columns. */
export interface AttentionMap {
  readonly numHeads: number;
  readonly numRows: number;
  readonly numColumns: number;
  /** Base64 of unsigned 16-bit little-endian numbers (heads, rows, columns): probabilities times 65535. */
  readonly values: string;
}

const SCALE = 65535;
/** Characters made at once: more arguments than this a call may not have. */
const AT_ONCE = 0x8000;

/** @param values (heads, rows, columns), 0 to 1 */
export function attentionMap(
  values: ArrayLike<number>,
  [numHeads, numRows, numColumns]: readonly [number, number, number],
): AttentionMap {
  const bytes = new Uint8Array(2 * values.length);
  for (let i = 0; i < values.length; i++) {
    const value = Math.round(Math.min(Math.max(values[i] ?? 0, 0), 1) * SCALE);
    bytes[2 * i] = value & 255;
    bytes[2 * i + 1] = value >> 8;
  }
  let text = '';
  for (let i = 0; i < bytes.length; i += AT_ONCE)
    text += String.fromCharCode(...bytes.subarray(i, i + AT_ONCE));
  return { numHeads, numRows, numColumns, values: btoa(text) };
}

/** What one row looks at: the mean of its heads over the columns. */
export function rowOfMap({ numHeads, numRows, numColumns, values }: AttentionMap, row: number): number[] {
  const text = atob(values);
  const at = (place: number): number =>
    (text.charCodeAt(2 * place) + 256 * text.charCodeAt(2 * place + 1)) / SCALE;
  return Array.from({ length: numColumns }, (_, column) => {
    let sum = 0;
    for (let head = 0; head < numHeads; head++) sum += at((head * numRows + row) * numColumns + column);
    return sum / numHeads;
  });
}
