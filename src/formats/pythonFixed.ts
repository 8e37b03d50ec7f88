/** @file Numbers with a fixed count of decimals as Python prints them: the official evaluations are Python programs. */

/** Decimals that JavaScript gives exactly. A double that is a tie at one of the first twenty has no more than these. */
const EXACT_DECIMALS = 100;

/**
 * `format(value, '.{numDecimals}f')` of Python: the double's exact value is rounded, and one that lies just between two
 * neighbours goes to the even one. JavaScript's `toFixed` takes the larger: 3.125 is `3.12` in Python, `3.13` there.
 *
 * @param numDecimals 0 to 20
 */
export function formatFixed(value: number, numDecimals: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (value < 0 || Object.is(value, -0)) return `-${formatFixed(-value, numDecimals)}`;
  if (value === Number.POSITIVE_INFINITY) return 'inf';
  if (value >= 1e21) return withDecimals(BigInt(value), numDecimals);
  const exact = value.toFixed(EXACT_DECIMALS);
  const end = exact.indexOf('.') + 1 + numDecimals;
  if (!/^50*$/.test(exact.slice(end))) return value.toFixed(numDecimals);
  const digits = BigInt(exact.slice(0, end).replace('.', ''));
  const even = String(digits + (digits % 2n)).padStart(numDecimals + 1, '0');
  return numDecimals === 0 ? even : `${even.slice(0, -numDecimals)}.${even.slice(-numDecimals)}`;
}

const withDecimals = (whole: bigint, numDecimals: number): string =>
  numDecimals === 0 ? String(whole) : `${whole}.${'0'.repeat(numDecimals)}`;
