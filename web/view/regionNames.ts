/** @file What regions are called, so that they can be told apart. */

import type { Explanation } from '../../src/explain/explanation.js';
import { placeOf } from '../../src/explain/regionPlace.js';

/** A picture's regions, and the size that their boxes are in. */
export type Seen = Pick<Explanation, 'regions' | 'width' | 'height'>;

/** How far a side of a box may be from half a picture's side to be called a quarter. */
const TOLERANCE = 0.03;

const known = new WeakMap<Seen['regions'], readonly string[]>();

/** Its label; a quarter of the picture by where it is; else by its number. Where labels repeat, with its place or number. */
export function nameOf(seen: Seen, region: number): string {
  let names = known.get(seen.regions);
  if (names === undefined) {
    names = namesOf(seen);
    known.set(seen.regions, names);
  }
  return names[region] ?? `region ${region + 1}`;
}

/** Where in the picture it is. */
export function whereOf(seen: Seen, region: number): string {
  return placeOf(seen.regions[region]?.box ?? [], seen);
}

function namesOf(seen: Seen): readonly string[] {
  const plain = seen.regions.map(
    ({ label }, i) => label ?? (isPart(seen, i) ? whereOf(seen, i) : `region ${i + 1}`),
  );
  const withPlaces = toldApart(plain, (name, i) => `${name}, ${whereOf(seen, i)}`);
  return toldApart(withPlaces, (_, i) => `${plain[i]} (region ${i + 1})`);
}

/** Names that occur several times are told apart by what `more` makes of them. */
function toldApart(names: readonly string[], more: (name: string, place: number) => string): string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return names.map((name, i) => ((counts.get(name) ?? 0) > 1 ? more(name, i) : name));
}

/** A quarter of the picture, or all of it: drawn by rule, and not around something that was found. */
function isPart({ regions, width, height }: Seen, region: number): boolean {
  const [x1, y1, x2, y2] = regions[region]?.box ?? [0, 0, 0, 0];
  const sides = [(x2 - x1) / width, (y2 - y1) / height];
  return (
    sides.every((side) => Math.abs(side - 0.5) < TOLERANCE) || sides.every((side) => side > 1 - TOLERANCE)
  );
}
