/** @file Reading an explanation's maps: how much a word looks at each region, and a region at each word. */

import type { AttentionMap } from '../../src/explain/attentionMap.js';
import type { Explanation } from '../../src/explain/explanation.js';

/** Who looks: words at regions, or regions at words. */
export type Direction = 'words' | 'regions';

/** What is shown. */
export interface View {
  /** A cross-modality layer, what counted for an answer over all layers, or what it becomes without each part. */
  readonly layer: number | 'relevance' | 'removal';
  /** The mean of all when undefined; relevance and removal have no heads. */
  readonly head: number | undefined;
  readonly direction: Direction;
  /** The word that looks, with `direction: 'words'`; else the last one that did. */
  readonly word: number;
  readonly region: number;
  /** Whose relevance or removal is shown; 0 is the most probable answer. */
  readonly answer: number;
}

/** What counted for the best answer; it is read from [CLS], the first word. */
export const FIRST_VIEW: View = {
  layer: 'relevance',
  head: undefined,
  direction: 'words',
  word: 0,
  region: 0,
  answer: 0,
};

/** Turns a view of one explanation into one of another, which may have fewer layers, heads, words or answers. */
export function fitView(view: View, explanation: Explanation, canRemove: boolean): View {
  const { layers, words, regions, answers } = explanation;
  const last = (wanted: number, count: number): number => Math.max(0, Math.min(wanted, count - 1));
  const layer = fitLayer(view.layer, explanation, canRemove);
  const numHeads = typeof layer === 'number' ? (layers[layer]?.wordsOnRegions.numHeads ?? 0) : 0;
  return {
    ...view,
    layer,
    head: view.head !== undefined && view.head < numHeads ? view.head : undefined,
    word: view.word < words.length ? view.word : 0,
    region: last(view.region, regions.length),
    answer: last(view.answer, answers.length),
  };
}

/** What an explanation does not have is shown by what it has. */
function fitLayer(
  wanted: View['layer'],
  { layers, relevance }: Explanation,
  canRemove: boolean,
): View['layer'] {
  if (wanted === 'removal' && canRemove) return wanted;
  if (typeof wanted === 'number' && layers.length > 0)
    return Math.max(0, Math.min(wanted, layers.length - 1));
  if (relevance.length > 0) return 'relevance';
  return canRemove ? 'removal' : Math.max(0, layers.length - 1);
}

/** A map by rows: of each word or region that looks, what it looks at. */
export type Rows = readonly (readonly number[])[];

/** The chosen map of a view: rows are what looks, columns what is looked at; each row sums to 1, or is all 0. */
export function rowsOf({ layers, relevance }: Explanation, { layer, head, direction, answer }: View): Rows {
  if (layer === 'removal') return [];
  const maps = layer === 'relevance' ? relevance[answer] : layers[layer];
  if (maps === undefined) return [];
  const heads = decode(direction === 'words' ? maps.wordsOnRegions : maps.regionsOnWords);
  const [first] = heads;
  if (first === undefined) return [];
  if (head !== undefined && layer !== 'relevance') return heads[head] ?? first;
  return first.map((row, i) =>
    row.map((_, k) => heads.reduce((sum, rows) => sum + (rows[i]?.[k] ?? 0), 0) / heads.length),
  );
}

const decoded = new WeakMap<AttentionMap, readonly Rows[]>();

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
 * What is drawn at full strength: the largest value, and of attention, which spreads evenly where a layer has nothing
 * to look for, at least four times the even share.
 */
export function strongestOf(values: readonly number[], numColumns: number, { layer }: View): number {
  const largest = Math.max(...values, Number.MIN_VALUE);
  return layer === 'relevance' ? largest : Math.max(largest, Math.min(1, 4 / Math.max(1, numColumns)));
}

export function percent(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}
