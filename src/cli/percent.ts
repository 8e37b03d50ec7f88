/** @file Fractions as people read them. */

/** `12.34 %` */
export function percent(score: number): string {
  return `${(100 * score).toFixed(2)} %`;
}
