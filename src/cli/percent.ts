/** @file Fractions as people read them. */

/** `12.34 %` */
export function percent(score: number): string {
  return `${(100 * score).toFixed(2)} %`;
}

/** ` 12.3 %`, as wide for every share: for columns. */
export function percentColumn(share: number): string {
  return `${(100 * share).toFixed(1).padStart(5)} %`;
}
