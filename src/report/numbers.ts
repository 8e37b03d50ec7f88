/** @file Numbers as a reader wants them: percentages, counts, measured values, bars. */

import { LxmertError } from '../common/errors.js';
import { formatPercent } from '../formats/numbers.js';

/** Softmax in float32 may end a little above 1. */
const ROUNDING = 1e-3;

/**
 * `value` within 0 to 1.
 *
 * @throws LxmertError when it is not a fraction, such as a percentage given in its place.
 */
export function checkedFraction(value: number, what: string): number {
  if (!(value >= -ROUNDING && value <= 1 + ROUNDING)) {
    throw new LxmertError(
      `The report expects a fraction from 0 to 1 for ${what}, and got ${value}. Give 0.5 for 50 %.`,
    );
  }
  return Math.min(1, Math.max(0, value));
}

/** How good something is, in as many digits as the terminal and the log have. */
export function formatScore(fraction: number): string {
  return formatPercent(fraction);
}

/** How probable something is, likewise. */
export function formatProbability(fraction: number): string {
  return formatPercent(fraction, 1);
}

/** A measured value in four significant digits, without trailing zeros. */
export function formatValue(value: number): string {
  const rounded = Number(value.toPrecision(4));
  const isPlain = rounded === 0 || (Math.abs(rounded) >= 1e-4 && Math.abs(rounded) < 1e9);
  return isPlain ? rounded.toLocaleString('en-US', { maximumFractionDigits: 7 }) : rounded.toExponential();
}

/** A bar filled to `fraction`. The number stands beside it in text, so readers of the page's text do not meet it. */
export function bar(fraction: number): string {
  // Attributes and not a style: the page's security policy refuses styles in attributes.
  return `<svg class="bar" aria-hidden="true"><rect class="track" width="100%" height="100%"/><rect class="fill" width="${(100 * fraction).toFixed(2)}%" height="100%"/></svg>`;
}
