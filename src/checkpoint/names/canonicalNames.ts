/** @file The canonical names of a whole file's tensors, which single names do not always tell. */

import type { ModelChoice } from './chooseModel.js';
import { unwrapped } from './encoderGroups.js';
import { canonicalName } from './tensorNames.js';

/** Tensors of an answer head by the end of their names: a layer, its norm, and one row for each answer. */
const ANSWER_HEAD = ['0', '2', '3'].flatMap((layer) => [
  `logit_fc.${layer}.weight`,
  `logit_fc.${layer}.bias`,
]);

/** Where others keep an answer head of the published form. */
const ANSWER_HEAD_PLACES = ['classifier.', 'head.', 'answer_classifier.', 'vqa_head.', 'qa_head.'];

export interface CanonicalNames {
  /** By the names in the file, without those of other models in it. */
  readonly canonical: ReadonlyMap<string, string>;
  /** What the answer head's names begin with where that is not as published. */
  readonly answerHeadAt: string | undefined;
}

/** Canonical names of those tensors that are the chosen model's, or nobody's. */
export function canonicalNames(names: readonly string[], { encoder, foreign }: ModelChoice): CanonicalNames {
  if (encoder === undefined) {
    return { canonical: new Map(names.map((name) => [name, canonicalName(name)])), answerHeadAt: undefined };
  }
  const canonical = new Map<string, string>();
  const tailOf = new Map([...encoder.tails].map(([tail, name]) => [name, tail]));
  for (const name of names) {
    if (foreign.has(name)) continue;
    const tail = tailOf.get(name);
    const bare = unwrapped(name);
    const inner = bare.startsWith(encoder.outer) ? bare.slice(encoder.outer.length) : bare;
    canonical.set(name, tail === undefined ? canonicalName(inner) : canonicalName(`bert.${tail}`));
  }
  return { canonical, answerHeadAt: placeAnswerHead(canonical) };
}

/** Puts a whole head that is kept elsewhere under its canonical names. */
function placeAnswerHead(canonical: Map<string, string>): string | undefined {
  const taken = new Set(canonical.values());
  if ([...taken].some((name) => name.startsWith('answer_head.'))) return undefined;
  const places = ANSWER_HEAD_PLACES.filter((place) => ANSWER_HEAD.every((name) => taken.has(place + name)));
  const [place] = places;
  if (place === undefined || places.length > 1) return undefined;
  for (const [name, found] of canonical) {
    if (found.startsWith(`${place}logit_fc.`))
      canonical.set(name, `answer_head.${found.slice(place.length)}`);
  }
  return place;
}
