/** @file What `lxmert explain` prints: by each method, what mattered most for the answers. */

import { rowOfMap } from '../explain/attentionMap.js';
import type { Explanation } from '../explain/explanation.js';
import type { ExplanationMethod, Removal, WithoutPart } from '../explain/removal.js';
import { formatPercent } from '../formats/numbers.js';
import type { RankedAnswer } from '../tasks/index.js';

/** A word or region, and how much it mattered. */
interface Counted {
  readonly name: string;
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
      name: nameOf(explanation, place),
      ...lessOf(part, 0),
    })),
  ].filter(({ instead }) => instead !== null);
}

function nameOf({ regions }: Explanation, place: number): string {
  return regions[place]?.label ?? `region ${place + 1}`;
}

function mattered(
  explanation: Explanation,
  answer: number,
): Pick<Explained['answers'][number], 'words' | 'regions'> {
  const { words, regions, relevance, removal, layers } = explanation;
  const region = (place: number) => ({
    name: nameOf(explanation, place),
    box: regions[place]?.box ?? [],
  });
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
  const ofWords = relevance[answer]?.words ?? [];
  const ofRegions = relevance[answer]?.regions ?? (last ? rowOfMap(last.wordsOnRegions, 0) : []);
  return {
    words: mostFirst(ofWords, 'highest').map((place) => ({
      name: words[place] ?? '',
      share: ofWords[place] ?? 0,
    })),
    regions: mostFirst(ofRegions, 'highest').map((place) => {
      const { name, box } = region(place);
      return { name, share: ofRegions[place] ?? 0, box };
    }),
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

export function renderExplained(explained: Explained): string {
  return [
    ...explained.answers.map(
      ({ answer, probability }) => `${formatPercent(probability, 1).padStart(7)}  ${answer}`,
    ),
    '',
    ...sentencesOf(explained),
    `The whole picture: ${explained.output}`,
  ].join('\n');
}

function sentencesOf({ method, answers: [best], changesAnswer = [] }: Explained): string[] {
  if (best === undefined) return [];
  const { answer, words, regions } = best;
  const list = (counted: readonly Counted[]): string =>
    counted
      .slice(0, 3)
      .map(({ name, share = 0 }) => `${name} ${formatPercent(share, 1)}`)
      .join(', ');
  switch (method) {
    case 'relevance':
      return [`Counted most for "${answer}": ${list(regions)}; of the words ${list(words)}.`];
    case 'attention':
      return [`In the last layer [CLS] looked most at ${list(regions)}.`];
    case 'removal':
      return [
        `How probable "${answer}" is without`,
        ...linesOfRemoval([...words.map(quoted), ...regions]),
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
  const { name, instead } = part.kind === 'word' ? quoted(part) : part;
  return `${name} (${instead?.answer})`;
}

function linesOfRemoval(parts: readonly Counted[]): string[] {
  const most = parts.toSorted((a, b) => (a.change ?? 0) - (b.change ?? 0)).slice(0, MOST_LISTED);
  const width = Math.max(0, ...most.map(({ name }) => name.length));
  return most.map(({ name, probability = 0, change = 0 }) => {
    const size = Math.abs(100 * change).toFixed(1);
    const points = size === '0.0' ? size : `${change < 0 ? '-' : '+'}${size}`;
    return `  ${name.padEnd(width)}  ${formatPercent(probability, 1).padStart(7)}  (${points})`;
  });
}
