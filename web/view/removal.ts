/** @file Reading an explanation by removal: what the chosen answer becomes without each word and region. */

import type { Explanation } from '../../src/explain/explanation.js';
import type { Removal, TakenAway, WithoutPart } from '../../src/explain/removal.js';
import { percent, type View } from './attention.js';
import { nameOf } from './regionNames.js';
import { shownWords } from './words.js';

/** A change of this much is drawn at full strength at the least: smaller ones are not to look like something. */
const LEAST_FULL = 0.1;

/** How much less probable the chosen answer is without each; below 0 where it is more probable. */
export interface Falls {
  /** Of each of the words that are shown. */
  readonly words: readonly number[];
  readonly regions: readonly number[];
  /** What is drawn at full strength. */
  readonly most: number;
}

export function fallsOf(explanation: Explanation, removal: Removal, { answer }: View): Falls {
  const fallOf = (part: WithoutPart | null | undefined): number => -(part?.changes[answer] ?? 0);
  const words = shownWords(explanation).map((_, word) => fallOf(removal.words[word - 1]));
  const regions = removal.regions.map(fallOf);
  const most = Math.max(LEAST_FULL, ...[...words, ...regions].map(Math.abs));
  return { words, regions, most };
}

/** What is written beside a word or region. */
export function changeText(part: WithoutPart | null | undefined, answer: number): string {
  if (part == null) return 'the only one';
  const other = part.instead === null ? '' : `${part.instead.answer}, `;
  return `${other}${points(part.changes[answer] ?? 0)}`;
}

/** Without what was taken away. */
export function awayReading(
  explanation: Explanation,
  away: TakenAway,
  part: WithoutPart,
  answer: number,
): string {
  const words = away.words.map((word) => quotedWord(explanation, word));
  const what = listOf([...words, ...away.regions.map((region) => nameOf(explanation, region))]);
  const name = explanation.answers[answer]?.answer ?? '';
  const before = explanation.answers[answer]?.probability ?? 0;
  const change = `Without ${what}, "${name}" is at ${percent(part.probabilities[answer] ?? 0)} in place of ${percent(before)}`;
  return part.instead === null
    ? `${change}: the answer stays.`
    : `${change}: the answer is "${part.instead.answer}" (${percent(part.instead.probability)}).`;
}

/** What the answer loses most without. */
export function mostText(explanation: Explanation, removal: Removal, { answer }: View): string {
  const parts = [
    ...removal.words.map((part) => ({ part: part as WithoutPart | null, called: `"${part.word}"` })),
    ...removal.regions.map((part, i) => ({ part, called: nameOf(explanation, i) })),
  ].filter(({ part }) => part !== null);
  const most = parts
    .sort((a, b) => (a.part?.changes[answer] ?? 0) - (b.part?.changes[answer] ?? 0))
    .slice(0, 3)
    .map(({ part, called }) => `${called} (${points(part?.changes[answer] ?? 0)})`);
  return `"${explanation.answers[answer]?.answer ?? ''}" loses most without ${most.join(', ')}.`;
}

/** A word or region without which another answer is the most probable. */
export interface Decisive {
  readonly kind: keyof TakenAway;
  readonly place: number;
  readonly name: string;
  readonly instead: string;
}

export function decisiveOf(explanation: Explanation, { words, regions }: Removal): readonly Decisive[] {
  const found = [
    ...words.map((part, place) => ({ part: part as WithoutPart | null, kind: 'words' as const, place })),
    ...regions.map((part, place) => ({ part, kind: 'regions' as const, place })),
  ].filter(({ part }) => part?.instead != null);
  // The one that the answer loses most without first.
  found.sort((a, b) => (a.part?.changes[0] ?? 0) - (b.part?.changes[0] ?? 0));
  return found.map(({ part, kind, place }) => ({
    kind,
    place,
    name: kind === 'words' ? quotedWord(explanation, place) : nameOf(explanation, place),
    instead: part?.instead?.answer ?? '',
  }));
}

/** @param word its place among the removal's words */
function quotedWord(explanation: Explanation, word: number): string {
  return `"${shownWords(explanation)[word + 1]?.name ?? ''}"`;
}

/** Points of a hundred, with their sign. */
function points(change: number): string {
  const size = Math.abs(100 * change).toFixed(1);
  if (size === '0.0') return size;
  return `${change < 0 ? '\u2212' : '+'}${size}`;
}

function listOf(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}
