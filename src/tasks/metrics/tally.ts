/** @file Means that grow score by score, over all questions and by kind. */

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
    return [...this.tallies]
      .map(([type, tally]) => ({ type, score: tally.mean ?? 0, numQuestions: tally.count }))
      .sort((a, b) => Number(a.type) - Number(b.type) || (a.type < b.type ? -1 : 1));
  }
}
