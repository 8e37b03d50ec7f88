/** @file Reading an explanation's maps: how much a word looks at each region, and a region at each word. */

import type { AttentionMap } from '../../src/explain/attentionMap.js';
import type { Explanation } from '../../src/explain/explanation.js';
import { type ShownWord, shownWords } from './words.js';

/** Who looks: words at regions, or regions at words. */
export type Direction = 'words' | 'regions';

/** What is shown. */
export interface View {
  /** A cross-modality layer, what counted for an answer over all layers, or what it becomes without each part. */
  readonly layer: number | 'relevance' | 'removal';
  /** The mean of all when undefined; relevance and removal have no heads. */
  readonly head: number | undefined;
  readonly direction: Direction;
  /** The word that looks, with `direction: 'words'`, among {@link shownWords}; else the last one that did. */
  readonly word: number;
  readonly region: number;
  /** Whose relevance or removal is shown; 0 is the most probable answer. */
  readonly answer: number;
}

/** What counted for the best answer; it is read from the first word. */
export const FIRST_VIEW: View = {
  layer: 'relevance',
  head: undefined,
  direction: 'words',
  word: 0,
  region: 0,
  answer: 0,
};

/** Turns a view of one explanation into one of another, which may have fewer layers, heads, words or answers. */
export function fitView(view: View, explanation: Explanation, can: Can): View {
  const { layers, regions, answers } = explanation;
  const last = (wanted: number, count: number): number => Math.max(0, Math.min(wanted, count - 1));
  const layer = fitLayer(view.layer, explanation, can);
  const numHeads = typeof layer === 'number' ? (layers[layer]?.wordsOnRegions.numHeads ?? 0) : 0;
  return {
    ...view,
    layer,
    head: view.head !== undefined && view.head < numHeads ? view.head : undefined,
    word: view.word < shownWords(explanation).length ? view.word : 0,
    region: last(view.region, regions.length),
    answer: last(view.answer, answers.length),
  };
}

/** What an explanation has or will have. */
export interface Can {
  readonly relevance: boolean;
  readonly removal: boolean;
}

/** What an explanation does not have is shown by what it has. */
function fitLayer(wanted: View['layer'], { layers }: Explanation, can: Can): View['layer'] {
  if (wanted === 'removal' && can.removal) return wanted;
  if (typeof wanted === 'number' && layers.length > 0)
    return Math.max(0, Math.min(wanted, layers.length - 1));
  if (can.relevance) return 'relevance';
  return can.removal ? 'removal' : Math.max(0, layers.length - 1);
}

/** A map by rows: of each word or region that looks, what it looks at. */
export type Rows = readonly (readonly number[])[];

/**
 * The chosen map of a view: rows are what looks, columns what is looked at; each row sums to 1, or is all 0. The pieces of
 * a word are one: as they look, their mean; as they are looked at, their sum.
 */
export function rowsOf(explanation: Explanation, { layer, head, direction, answer }: View): Rows {
  if (layer === 'removal') return [];
  const maps = layer === 'relevance' ? explanation.relevance[answer] : explanation.layers[layer];
  if (maps === undefined) return [];
  const words = shownWords(explanation);
  const isRelevance = layer === 'relevance';
  const pieces = readHeads(
    direction === 'words' ? maps.wordsOnRegions : maps.regionsOnWords,
    isRelevance ? undefined : head,
  );
  if (direction === 'words') return words.map((word) => meanOf(word.pieces.map((piece) => pieces[piece])));
  return pieces.map((row) => onWords(row, words, isRelevance));
}

/** How much each word counted for an answer: shares of the words alone, which sum to 1; 0 for what is no word. */
export function wordShares(explanation: Explanation, answer: number): readonly number[] | undefined {
  const shares = explanation.relevance[answer]?.words;
  if (shares === undefined) return undefined;
  return onWords(shares, shownWords(explanation), true, true);
}

/** Of pieces, of words; the end counts for nothing in relevance. */
function onWords(
  row: readonly number[],
  words: readonly ShownWord[],
  isRelevance: boolean,
  areWordsAlone = false,
): readonly number[] {
  const sums = words.map(({ pieces, kind }) => {
    if (isRelevance && (kind === 'end' || (areWordsAlone && kind === 'answer'))) return 0;
    return pieces.reduce((sum, piece) => sum + (row[piece] ?? 0), 0);
  });
  if (!isRelevance) return sums;
  const total = sums.reduce((sum, value) => sum + value, 0);
  return total > 0 ? sums.map((value) => value / total) : sums;
}

function meanOf(rows: readonly (readonly number[] | undefined)[]): readonly number[] {
  const [first = []] = rows;
  return first.map((_, k) => rows.reduce((sum, row) => sum + (row?.[k] ?? 0), 0) / rows.length);
}

const decoded = new WeakMap<AttentionMap, readonly Rows[]>();

/** One head of a map, or the mean of all. */
export function readHeads(map: AttentionMap, head: number | undefined): Rows {
  const heads = decode(map);
  const one = head === undefined ? undefined : heads[head];
  if (one !== undefined) return one;
  return (heads[0] ?? []).map((_, i) => meanOf(heads.map((rows) => rows[i])));
}

/** By heads, rows and columns. */
function decode(map: AttentionMap): readonly Rows[] {
  const known = decoded.get(map);
  if (known !== undefined) return known;
  const { numHeads, numRows, numColumns, values } = map;
  const text = atob(values);
  const at = (place: number): number =>
    (text.charCodeAt(2 * place) + 256 * text.charCodeAt(2 * place + 1)) / 65535;
  const heads = Array.from({ length: numHeads }, (_, head) =>
    Array.from({ length: numRows }, (_, row) =>
      Array.from({ length: numColumns }, (_, column) => at((head * numRows + row) * numColumns + column)),
    ),
  );
  decoded.set(map, heads);
  return heads;
}

/**
 * What is drawn at full strength: the largest value, and at least four times the even share, so that what is spread evenly
 * looks so.
 */
export function strongestOf(values: readonly number[], numColumns: number): number {
  const largest = Math.max(...values, Number.MIN_VALUE);
  return Math.max(largest, Math.min(1, 4 / Math.max(1, numColumns)));
}

/** Whether nothing stands out: the largest is not twice the even share, and of a few not far above it. */
export function isEven(values: readonly number[]): boolean {
  if (values.length < 2) return false;
  const even = 1 / values.length;
  return Math.max(...values) < Math.min(2 * even, (1 + even) / 2);
}

export function percent(value: number): string {
  // The sign stays with its number at the end of a line.
  return `${(100 * value).toFixed(1)}\u00a0%`;
}
