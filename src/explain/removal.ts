/**
 * @file What becomes of an answer when one word or one region is taken away: which variants of a question are asked, and
 * what is told of their answers. Plain values alone, for every way to compute them.
 *
 * A region is taken away as the visual attention mask does it: it is read by nothing, and the model sees the others
 * only. Features of zeros would not do: such a region still has its box and is attended to like any other, and no
 * detector gives it.
 *
 * A word is taken away with all of its pieces, and those after it move up: what is left is the question as somebody asks
 * it who leaves the word out. With the positions kept there would be a gap that no question has, and [MASK] in its place
 * means something to a pre-trained model only. Of a question that is longer than the model reads, what was cut stays cut.
 * [CLS], which answers are read from, and [SEP] stay.
 */

import { UsageError } from '../common/errors.js';
import type { RankedAnswer } from '../tasks/index.js';

/** How an answer is explained: see `docs/how-to/page.md`. */
export const EXPLANATION_METHODS = ['relevance', 'attention', 'removal'] as const;
export type ExplanationMethod = (typeof EXPLANATION_METHODS)[number];

/** What is taken where nobody names a method, of those that a model's answers can be explained by. */
export function defaultMethod(methods: readonly ExplanationMethod[]): ExplanationMethod {
  return methods.includes('relevance') ? 'relevance' : 'removal';
}

/** What the answers become without one word or region. */
export interface WithoutPart {
  /** Of each answer of the explanation. */
  readonly probabilities: readonly number[];
  /** The same less what it is with everything: below 0 where this spoke for the answer. */
  readonly changes: readonly number[];
  /** The most probable answer then; null while it stays the same. */
  readonly instead: RankedAnswer | null;
}

/** A word as it was taken away. */
export interface RemovedWord extends WithoutPart {
  /** Without the marks of its pieces. */
  readonly word: string;
  /** The places of its pieces among the explanation's `words`. */
  readonly pieces: readonly number[];
}

/** Every word and every region taken away in turn, by itself. */
export interface Removal {
  /** In the question's order, without [CLS] and [SEP]. */
  readonly words: readonly RemovedWord[];
  /** In the model's order; null for the only region of a picture, since a model cannot look at none. */
  readonly regions: readonly (WithoutPart | null)[];
  /** Without all that was named, at once: then nothing is taken away by itself, and the lists are empty. */
  readonly together: WithoutPart | null;
}

/** What is taken away at once. */
export interface TakenAway {
  /** Places among the question's words, as {@link Removal} lists them. */
  readonly words: readonly number[];
  /** Places among the regions. */
  readonly regions: readonly number[];
}

/** A word and the places of its pieces. */
export type WordPieces = Pick<RemovedWord, 'word' | 'pieces'>;

/** @throws UsageError where something is to be taken away, and the answers explained by another method */
export function requireRemoval(method: ExplanationMethod, without: TakenAway | undefined): void {
  if (without === undefined || method === 'removal') return;
  throw new UsageError(`What is taken away goes with the method removal, and not with ${method}.`);
}

/** A question, its answers, and what is taken away at once. */
export interface AskedForRemoval {
  readonly ids: readonly number[];
  readonly words: readonly string[];
  readonly answers: readonly RankedAnswer[];
  readonly without: TakenAway | undefined;
}

/** What is asked to find a {@link Removal}. */
export interface RemovalVariants {
  readonly words: readonly WordPieces[];
  /** For each word the ids of the question's pieces without it, with [CLS] and [SEP]. */
  readonly sentences: readonly (readonly number[])[];
  /** For each region the places of the others; none when there is one region alone. */
  readonly keptRegions: readonly (readonly number[])[];
}

/** Marks a piece that continues a word (`src/text/vocabulary.ts`). */
const CONTINUATION = '##';

/** @param pieces [CLS], the question's pieces, [SEP] */
export function wordsOfPieces(pieces: readonly string[]): WordPieces[] {
  const words: { word: string; pieces: number[] }[] = [];
  for (let place = 1; place < pieces.length - 1; place++) {
    const piece = pieces[place] as string;
    const last = words.at(-1);
    const isContinued = last !== undefined && piece.length > 2 && piece.startsWith(CONTINUATION);
    if (isContinued) {
      last.word += piece.slice(CONTINUATION.length);
      last.pieces.push(place);
    } else {
      words.push({ word: piece, pieces: [place] });
    }
  }
  return words;
}

/**
 * @param ids of the pieces, with [CLS] and [SEP], as the model reads them
 * @param pieces the same as text
 */
export function removalVariants(
  ids: readonly number[],
  pieces: readonly string[],
  numRegions: number,
): RemovalVariants {
  const words = wordsOfPieces(pieces);
  const others = Array.from({ length: numRegions }, (_, region) => region);
  return {
    words,
    sentences: words.map((word) => ids.filter((_, place) => !word.pieces.includes(place))),
    keptRegions: numRegions < 2 ? [] : others.map((region) => others.filter((each) => each !== region)),
  };
}

/** One variant: a sentence about some of the regions. */
export interface RemovalVariant {
  /** Ids of the pieces that are left, with [CLS] and [SEP]. */
  readonly sentence: readonly number[];
  /** Places of the regions that are left. */
  readonly keptRegions: readonly number[];
}

/**
 * What is asked without all that is named, at once.
 *
 * @param ids of the pieces, with [CLS] and [SEP], as the model reads them
 * @param pieces the same as text
 * @throws UsageError for a word or region that is not there, and when no region is left
 */
export function togetherVariant(
  ids: readonly number[],
  pieces: readonly string[],
  numRegions: number,
  { words: removedWords, regions }: TakenAway,
): RemovalVariant {
  const words = wordsOfPieces(pieces);
  requirePlaces(removedWords, words.length, 'words');
  requirePlaces(regions, numRegions, 'regions');
  const removed = new Set(removedWords.flatMap((word) => words[word]?.pieces ?? []));
  const keptRegions = Array.from({ length: numRegions }, (_, i) => i).filter((i) => !regions.includes(i));
  if (keptRegions.length === 0) {
    throw new UsageError('A model cannot look at no region: leave at least one of the picture.');
  }
  return { sentence: ids.filter((_, place) => !removed.has(place)), keptRegions };
}

function requirePlaces(places: readonly number[], count: number, what: string): void {
  const wrong = places.find((place) => !Number.isInteger(place) || place < 0 || place >= count);
  if (wrong === undefined) return;
  throw new UsageError(`There are ${count} ${what}, counted from 0; ${wrong} is none of them.`);
}

/** The probabilities of all answers of the table, float32 (variants, answers) row-major. */
export interface VariantProbabilities {
  readonly withoutWords: Float32Array;
  readonly withoutRegions: Float32Array;
}

/**
 * @param answers what is explained, the most probable first
 * @param table every answer, in the order of the probabilities
 */
export function removalFrom(
  { words, keptRegions }: Pick<RemovalVariants, 'words' | 'keptRegions'>,
  numRegions: number,
  answers: readonly RankedAnswer[],
  table: readonly string[],
  { withoutWords, withoutRegions }: VariantProbabilities,
): Removal {
  const without = (values: Float32Array, variant: number): WithoutPart =>
    withoutPart(answers, table, values.subarray(variant * table.length, (variant + 1) * table.length));
  return {
    words: words.map((word, i) => ({ ...word, ...without(withoutWords, i) })),
    regions: Array.from({ length: numRegions }, (_, i) =>
      keptRegions.length === 0 ? null : without(withoutRegions, i),
    ),
    together: null,
  };
}

/** @param row the probabilities of all answers of the table, without all that was named */
export function togetherFrom(
  answers: readonly RankedAnswer[],
  table: readonly string[],
  row: Float32Array,
): Removal {
  return { words: [], regions: [], together: withoutPart(answers, table, row) };
}

function withoutPart(
  answers: readonly RankedAnswer[],
  table: readonly string[],
  row: Float32Array,
): WithoutPart {
  const columns = answers.map(({ answer }) => table.indexOf(answer));
  const probabilities = columns.map((column) => row[column] ?? 0);
  const best = placeOfLargest(row);
  return {
    probabilities,
    changes: probabilities.map((probability, i) => probability - (answers[i]?.probability ?? 0)),
    instead: best === columns[0] ? null : { answer: table[best] ?? '', probability: row[best] ?? 0 },
  };
}

function placeOfLargest(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i;
  return best;
}
