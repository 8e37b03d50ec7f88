/** @file What regions are called. */

import type { Explanation } from '../../src/explain/explanation.js';

export function nameOf({ regions }: Pick<Explanation, 'regions'>, region: number): string {
  return regions[region]?.label ?? `region ${region + 1}`;
}
