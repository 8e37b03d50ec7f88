/** @file Whether features of two origins may lie in one file: everything that decides the numbers must be the same. */

import { excerptOfJson } from '../common/excerpt.js';
import type { Provenance } from '../features/files.js';

/**
 * Phrases such as `precision "bfloat16", here it is "float32"`. Unlike the check before a training, what one side does
 * not state counts as a difference: rows must not be mixed on a guess.
 */
export function differencesOf(theirs: Provenance, mine: Provenance): string[] {
  const statements = (of: Provenance): Map<string, unknown> =>
    new Map<string, unknown>([
      ['detector', of.detector],
      ['detector weights (SHA-256)', of.weightsSha256],
      ...Object.entries(of.settings),
    ]);
  const [a, b] = [statements(theirs), statements(mine)];
  const names = new Set([...a.keys(), ...b.keys()]);
  return [...names]
    .filter((name) => (a.get(name) ?? null) !== (b.get(name) ?? null))
    .map((name) => `${name} ${describe(a.get(name))}, here it is ${describe(b.get(name))}`);
}

function describe(value: unknown): string {
  return value === undefined || value === null ? 'not stated' : excerptOfJson(value);
}
