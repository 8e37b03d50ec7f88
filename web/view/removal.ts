/** @file Reading an explanation by removal: what the chosen answer becomes without each word piece and region. */

import type { Explanation } from '../../src/explain/explanation.js';
import type { Removal, WithoutPart } from '../../src/explain/removal.js';
import { percent, type View } from './attention.js';
import { nameOf } from './regionNames.js';

/** A change of this much is drawn at full strength at the least: smaller ones are not to look like something. */
const LEAST_FULL = 0.1;

/** How much less probable the chosen answer is without each; below 0 where it is more probable. */
export interface Falls {
  readonly words: readonly number[];
  readonly regions: readonly number[];
  /** What is drawn at full strength. */
  readonly most: number;
}

export function fallsOf({ words: pieces }: Explanation, removal: Removal, { answer }: View): Falls {
  const fallOf = (part: WithoutPart | null | undefined): number => -(part?.changes[answer] ?? 0);
  const words = pieces.map((_, piece) => fallOf(wordAt(removal, piece)));
  const regions = removal.regions.map(fallOf);
  const most = Math.max(LEAST_FULL, ...[...words, ...regions].map(Math.abs));
  return { words, regions, most };
}

/** What is written beside a region. */
export function changeText(part: WithoutPart | null | undefined, { answer }: View): string {
  if (part == null) return 'the only one';
  const other = part.instead === null ? '' : `${part.instead.answer}, `;
  return `${other}${points(part.changes[answer] ?? 0)}`;
}

/** What is said of the whole, or of the word or region that is chosen. */
export function removalReading(explanation: Explanation, removal: Removal, view: View): string {
  const part = view.direction === 'regions' ? removal.regions[view.region] : wordAt(removal, view.word);
  const name = explanation.answers[view.answer]?.answer ?? '';
  const what =
    view.direction === 'regions'
      ? nameOf(explanation, view.region)
      : `"${wordAt(removal, view.word)?.word ?? ''}"`;
  if (part != null) return `Without ${what}, "${name}" is at ${withoutText(part, view)}.`;
  if (view.direction === 'regions')
    return 'A picture with one region alone cannot be asked about without it.';
  if (view.word !== 0) return `"${explanation.words[view.word] ?? ''}" is part of every question and stays.`;
  return `${mostText(explanation, removal, view, name)} ${decisiveText(explanation, removal)}`;
}

function withoutText({ probabilities, changes, instead }: WithoutPart, { answer }: View): string {
  const other =
    instead === null ? '' : `; the answer is then "${instead.answer}" (${percent(instead.probability)})`;
  return `${percent(probabilities[answer] ?? 0)} (${points(changes[answer] ?? 0)})${other}`;
}

function mostText(explanation: Explanation, removal: Removal, view: View, name: string): string {
  const parts = [
    ...removal.words.map((part) => ({ part: part as WithoutPart | null, called: `"${part.word}"` })),
    ...removal.regions.map((part, i) => ({ part, called: nameOf(explanation, i) })),
  ].filter(({ part }) => part !== null);
  const most = parts
    .sort((a, b) => (a.part?.changes[view.answer] ?? 0) - (b.part?.changes[view.answer] ?? 0))
    .slice(0, 3)
    .map(({ part, called }) => `${called} (${points(part?.changes[view.answer] ?? 0)})`);
  return `"${name}" loses most without ${most.join(', ')}.`;
}

function decisiveText(explanation: Explanation, { words, regions }: Removal): string {
  const decisive = [
    ...words.filter(({ instead }) => instead !== null).map(({ word }) => `"${word}"`),
    ...regions.flatMap((part, i) => (part?.instead ? [nameOf(explanation, i)] : [])),
  ];
  return decisive.length === 0
    ? 'No word and no region changes the answer when it alone is taken away.'
    : `Taken away alone, these change the answer: ${decisive.join(', ')}.`;
}

function wordAt({ words }: Removal, piece: number): Removal['words'][number] | undefined {
  return words.find(({ pieces }) => pieces.includes(piece));
}

/** Points of a hundred, with their sign. */
function points(change: number): string {
  const size = Math.abs(100 * change).toFixed(1);
  if (size === '0.0') return size;
  return `${change < 0 ? '\u2212' : '+'}${size}`;
}
