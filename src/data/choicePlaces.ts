/** @file A choice that somebody typed among the answers of a table, whose spelling is the annotators'. */

import { foldedAnswer } from './answerSpelling.js';
import type { AnswerTable } from './answerTable.js';
import { spellAsInAnswerTable } from './prepare/vqaAnswer.js';

/** Answers but for capitals, blanks and the form of accents; undefined where several share it. */
type Folded = ReadonlyMap<string, number | undefined>;

const folded = new WeakMap<AnswerTable, Folded>();

/**
 * The place of a choice in a table: as it is; as the official evaluation of VQA spells it, by which the tables of VQA were made
 * (no articles and punctuation, numbers as digits); or as the only answer that agrees but for capitals, blanks and the form of
 * accents.
 */
export function placeOfChoice(table: AnswerTable, choice: string): number | undefined {
  return (
    table.indexOf(choice) ??
    table.indexOf(spellAsInAnswerTable(choice)) ??
    foldedOf(table).get(foldedAnswer(choice))
  );
}

function foldedOf(table: AnswerTable): Folded {
  const known = folded.get(table);
  if (known !== undefined) return known;
  const places = new Map<string, number | undefined>();
  for (let place = 0; place < table.size; place++) {
    const key = foldedAnswer(table.answer(place));
    places.set(key, places.has(key) ? undefined : place);
  }
  folded.set(table, places);
  return places;
}
