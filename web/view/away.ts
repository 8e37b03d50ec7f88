/** @file Words and regions that a visitor took away, and what the answers are without them. */

import type { Explanation } from '../../src/explain/explanation.js';
import type { Removal, TakenAway, WithoutPart } from '../../src/explain/removal.js';
import { type Loaded, type LoadParts, useLoaded } from './useParts.js';

export const NOTHING_AWAY: TakenAway = { words: [], regions: [] };

export function numAway({ words, regions }: TakenAway): number {
  return words.length + regions.length;
}

/** Takes a part away, or puts it back. @param canMany whether several can be away at once; else the last alone is */
export function toggled(away: TakenAway, kind: keyof TakenAway, place: number, canMany: boolean): TakenAway {
  const others = away[kind].filter((each) => each !== place);
  const isThere = others.length === away[kind].length;
  const own = isThere ? [...others, place].sort((a, b) => a - b) : others;
  if (canMany) return { ...away, [kind]: own };
  return isThere ? { ...NOTHING_AWAY, [kind]: [place] } : NOTHING_AWAY;
}

/** Of one part what was asked beforehand; of several, and while that has not come, it is asked for. */
export function useWithout(
  { answers, removal }: Pick<Explanation, 'answers' | 'removal'>,
  away: TakenAway,
  load: LoadParts['without'],
): Loaded<WithoutPart | null> {
  const known = numAway(away) === 1 && removal !== null ? partOf(removal, away) : undefined;
  const isAsked = numAway(away) > 0 && known === undefined && load !== undefined;
  // Answers of one explanation are one list: another list is another question's.
  const key = isAsked ? `${numberOf(answers)} ${JSON.stringify(away)}` : undefined;
  const loaded = useLoaded(key, isAsked ? () => load(away) : undefined);
  if (known !== undefined) return { value: known, problem: undefined };
  return isAsked ? loaded : { value: undefined, problem: undefined };
}

function partOf(removal: Removal, { words, regions }: TakenAway): WithoutPart | null | undefined {
  const [word] = words;
  return word === undefined ? removal.regions[regions[0] as number] : removal.words[word];
}

const numbers = new WeakMap<object, number>();
let numNumbered = 0;

function numberOf(object: object): number {
  const number = numbers.get(object) ?? ++numNumbered;
  numbers.set(object, number);
  return number;
}

/** `1,2;0`: words before regions, as an address has it. */
export function awayText({ words, regions }: TakenAway): string {
  return `${words.join(',')};${regions.join(',')}`;
}

export function awayFrom(text: string): TakenAway {
  const [words = '', regions = ''] = text.split(';');
  const placesOf = (part: string): number[] =>
    part
      .split(',')
      .filter((place) => /^\d{1,3}$/.test(place))
      .map(Number);
  return { words: placesOf(words), regions: placesOf(regions) };
}
