/** @file GQA-OOD: the accuracy of GQA apart for questions with frequent answers (head) and with rare ones (tail). */

import { LxmertError } from '../../common/errors.js';
import type { GqaQuestion } from '../../data/annotations/officialGqaQuestions.js';
import { formatCount } from '../../formats/numbers.js';
import type { MissingRule } from './coverage.js';
import type { PredictionTable } from './predictionTable.js';
import { Tally } from './tally.js';

/** The two parts of GQA-OOD's questions. */
export type OodPart = 'head' | 'tail';

/** Accuracy on some of the questions. */
export interface OodScore {
  readonly part: OodPart;
  /** Null when none of its questions was scored. */
  readonly accuracy: number | null;
  readonly numQuestions: number;
}

export interface OodScores {
  readonly parts: readonly OodScore[];
  /** How much better the head is than the tail, (head - tail) / tail; null without both, or with a tail at 0. */
  readonly delta: number | null;
}

/** Scores the parts while questions go by. */
export class OodScorer {
  private readonly parts: readonly { part: OodPart; ids: Set<string>; file: string; tally: Tally }[];

  /** @param files ids of the questions of each part, with the file they are of */
  constructor(
    files: readonly (readonly [part: OodPart, file: string, ids: Set<string>])[],
    private readonly missing: MissingRule,
  ) {
    this.parts = files.map(([part, file, ids]) => ({ part, file, ids, tally: new Tally() }));
  }

  add({ id, answer, isBalanced }: GqaQuestion, predictions: PredictionTable): void {
    const parts = this.parts.filter(({ ids }) => ids.delete(id));
    if (!isBalanced) return;
    const index = predictions.indexOf(id);
    if (index === undefined && this.missing === 'skip') return;
    const isRight = index !== undefined && predictions.answerAt(index) === answer;
    for (const { tally } of parts) tally.add(Number(isRight));
  }

  /** @param questions the files that were scored, for errors @throws LxmertError when questions of a part were not among them */
  finish(questions: string): OodScores {
    for (const { part, file, ids } of this.parts) {
      const [first] = ids;
      if (first === undefined) continue;
      throw new LxmertError(
        `${formatCount(ids.size, 'question')} of --${part} ${file} ${ids.size === 1 ? 'is' : 'are'} not in ${questions}, '${first}' for one. Are they of the same split?`,
      );
    }
    const mean = (wanted: OodPart): number | null =>
      this.parts.find(({ part }) => part === wanted)?.tally.mean ?? null;
    const [head, tail] = [mean('head'), mean('tail')];
    return {
      parts: this.parts.map(({ part, tally }) => ({ part, accuracy: tally.mean, numQuestions: tally.count })),
      delta: head === null || tail === null || tail === 0 ? null : (head - tail) / tail,
    };
  }
}
