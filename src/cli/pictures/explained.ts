/** @file What `lxmert explain` prints: by each method, what mattered most for the answers. */

import { rowOfMap } from '../../explain/attentionMap.js';
import type { Explanation } from '../../explain/explanation.js';
import { placeOf } from '../../explain/regionPlace.js';
import {
  type ExplanationMethod,
  type Removal,
  type WithoutPart,
  wordsOfPieces,
} from '../../explain/removal.js';
import { formatPercent } from '../../formats/numbers.js';
import type { RankedAnswer } from '../../tasks/index.js';
import { answerLines } from '../answerLines.js';
import type { View } from '../terminal/look.js';

/** A word or region, and how much it mattered. */
interface Counted {
  readonly name: string;
  /** Of a region: where in the picture it lies. */
  readonly place?: string;
  /** By relevance its share; by attention what [CLS] gives it in the last layer; by removal the answer's change without it. */
  readonly share?: number;
  readonly change?: number;
  /** By removal: the answer's probability without it. */
  readonly probability?: number;
  /** By removal: the most probable answer without it, where that is another. */
  readonly instead?: RankedAnswer | null;
}

export interface Explained {
  readonly image: string;
  readonly question: string;
  readonly output: string;
  readonly method: ExplanationMethod;
  readonly answers: readonly (RankedAnswer & {
    /** What mattered most for it, the most first. */
    readonly words: readonly Counted[];
    readonly regions: readonly (Counted & { readonly box: readonly number[] })[];
  })[];
  /** By removal: every word and region without which another answer is the most probable. */
  readonly changesAnswer?: readonly (Counted & { readonly kind: 'word' | 'region' })[];
}

/** Words and regions that are listed for each answer. */
const MOST_LISTED = 5;

export function explainedFrom(image: string, output: string, explanation: Explanation): Explained {
  const { question, method, answers } = explanation;
  return {
    image,
    question,
    output,
    method,
    answers: answers.map((answer, i) => ({ ...answer, ...mattered(explanation, i) })),
    ...(explanation.removal === null ? {} : { changesAnswer: decisive(explanation, explanation.removal) }),
  };
}

function decisive(explanation: Explanation, { words, regions }: Removal) {
  return [
    ...words.map((part) => ({ kind: 'word' as const, name: part.word, ...lessOf(part, 0) })),
    ...regions.map((part, place) => ({
      kind: 'region' as const,
      ...regionOf(explanation, place),
      ...lessOf(part, 0),
    })),
  ].filter(({ instead }) => instead !== null);
}

function regionOf({ regions, width, height }: Explanation, index: number) {
  const { label = null, box = [] } = regions[index] ?? {};
  return { name: label ?? `region ${index + 1}`, place: placeOf(box, { width, height }), box };
}

function mattered(
  explanation: Explanation,
  answer: number,
): Pick<Explained['answers'][number], 'words' | 'regions'> {
  const { words, relevance, removal, layers } = explanation;
  const region = (index: number) => regionOf(explanation, index);
  if (removal !== null) {
    return {
      words: mostFirst(
        removal.words.map((part) => part.changes[answer] ?? 0),
        'lowest',
      ).map((place) => ({
        name: removal.words[place]?.word ?? '',
        ...lessOf(removal.words[place], answer),
      })),
      regions: mostFirst(
        removal.regions.map((part) => part?.changes[answer] ?? 0),
        'lowest',
      )
        .filter((place) => removal.regions[place] !== null)
        .map((place) => ({ ...region(place), ...lessOf(removal.regions[place], answer) })),
    };
  }
  const last = layers.at(-1);
  // Whole words: what the answer is read from, [CLS], and the end are none.
  const whole = relevance[answer] === undefined ? [] : wordsOfPieces(words);
  const ofWords = whole.map(({ pieces }) =>
    pieces.reduce((sum, piece) => sum + (relevance[answer]?.words[piece] ?? 0), 0),
  );
  const ofRegions = relevance[answer]?.regions ?? (last ? rowOfMap(last.wordsOnRegions, 0) : []);
  return {
    words: mostFirst(ofWords, 'highest').map((place) => ({
      name: whole[place]?.word ?? '',
      share: ofWords[place] ?? 0,
    })),
    regions: mostFirst(ofRegions, 'highest').map((index) => ({
      ...region(index),
      share: ofRegions[index] ?? 0,
    })),
  };
}

function lessOf(part: WithoutPart | null | undefined, answer: number) {
  return {
    change: part?.changes[answer] ?? 0,
    probability: part?.probabilities[answer] ?? 0,
    instead: part?.instead ?? null,
  };
}

function mostFirst(values: readonly number[], first: 'highest' | 'lowest'): number[] {
  const sign = first === 'highest' ? -1 : 1;
  return values
    .map((value, place) => ({ value, place }))
    .sort((a, b) => sign * (a.value - b.value))
    .slice(0, MOST_LISTED)
    .map(({ place }) => place);
}

export function renderExplained(explained: Explained, view: View): string {
  return [
    ...answerLines(explained.answers, view),
    '',
    ...sentencesOf(explained, view),
    `The whole picture: ${explained.output}`,
  ].join('\n');
}

function sentencesOf({ method, answers: [best], changesAnswer = [] }: Explained, view: View): string[] {
  if (best === undefined) return [];
  const { answer, words, regions } = best;
  switch (method) {
    case 'relevance':
      return [
        `Counted most for "${answer}", of all regions and of all words:`,
        ...linesOfShares([...regions.slice(0, MOST_LISTED), ...words.slice(0, 3).map(quoted)], view),
        '',
      ];
    case 'attention':
      return ['In the last layer [CLS] looked most at', ...linesOfShares(regions, view), ''];
    case 'removal':
      return [
        `How probable "${answer}" is without`,
        ...linesOfRemoval([...words.map(quoted), ...regions], view),
        '',
        changesAnswer.length === 0
          ? 'No word and no region changes the answer when it alone is taken away.'
          : `Another answer without ${changesAnswer.map(otherAnswer).join(', ')}.`,
        '',
      ];
  }
}

const quoted = <Part extends Counted>(part: Part): Part => ({ ...part, name: `"${part.name}"` });

function otherAnswer(part: Counted & { readonly kind: 'word' | 'region' }): string {
  return `${titleOf(part.kind === 'word' ? quoted(part) : part)} (then "${part.instead?.answer}")`;
}

function titleOf({ name, place }: Counted): string {
  return place === undefined ? name : `${name}, ${place}`;
}

function linesOfShares(parts: readonly Counted[], view: View): string[] {
  return inColumns(parts, ({ share = 0 }) => `${formatPercent(share, 1).padStart(7)}  ${view.bar(share)}`);
}

function linesOfRemoval(parts: readonly Counted[], view: View): string[] {
  const most = parts.toSorted((a, b) => (a.change ?? 0) - (b.change ?? 0)).slice(0, MOST_LISTED);
  return inColumns(most, ({ probability = 0, change = 0 }) => {
    const size = Math.abs(100 * change).toFixed(1);
    const points = size === '0.0' ? size : `${change < 0 ? '-' : '+'}${size}`;
    return `${formatPercent(probability, 1).padStart(7)}  ${view.bar(probability)}(${points})`;
  });
}

function inColumns(parts: readonly Counted[], numbersOf: (part: Counted) => string): string[] {
  const width = Math.max(0, ...parts.map((part) => titleOf(part).length));
  return parts.map((part) => `  ${titleOf(part).padEnd(width)}  ${numbersOf(part)}`.trimEnd());
}
