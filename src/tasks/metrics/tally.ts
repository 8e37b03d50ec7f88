/** @file Means that grow score by score, over all questions and by kind. */

import { formatFixed } from '../../formats/pythonFixed.js';

/** The mean score of one kind of question. */
export interface ScoreRow {
  readonly type: string;
  /** Mean, 0 to 1. */
  readonly score: number;
  readonly numQuestions: number;
}

/** A mean. */
export class Tally {
  private sum = 0;
  private numScores = 0;

  add(score: number): void {
    this.sum += score;
    this.numScores++;
  }

  get count(): number {
    return this.numScores;
  }

  /** Null when nothing was added. */
  get mean(): number | null {
    return this.numScores === 0 ? null : this.sum / this.numScores;
  }

  /** `round(100 * sum / count, 2)` of Python, as VQA's evaluation has it; null when nothing was added. */
  get percent(): number | null {
    return this.numScores === 0 ? null : Number(formatFixed((100 * this.sum) / this.numScores, 2));
  }
}

/** A mean for each kind. */
export class TallyByType {
  private readonly tallies = new Map<string, Tally>();

  add(type: string, score: number): void {
    let tally = this.tallies.get(type);
    if (tally === undefined) {
      tally = new Tally();
      this.tallies.set(type, tally);
    }
    tally.add(score);
  }

  /** By name; numbers by value. */
  rows(): ScoreRow[] {
    return this.sorted().map(([type, tally]) => rowOf(type, tally));
  }

  /** The same, each with {@link Tally.percent}. */
  rowsWithPercent(): (ScoreRow & { readonly percent: number })[] {
    return this.sorted().map(([type, tally]) => ({ ...rowOf(type, tally), percent: tally.percent ?? 0 }));
  }

  private sorted(): [string, Tally][] {
    return [...this.tallies].sort(([a], [b]) => Number(a) - Number(b) || (a < b ? -1 : 1));
  }
}

function rowOf(type: string, tally: Tally): ScoreRow {
  return { type, score: tally.mean ?? 0, numQuestions: tally.count };
}
