/** @file How many questions have an answer, for tables of the frequent ones. */

import { compareCodePoints } from './pythonJson.js';

/** Counts answers, each once a question. */
export class AnswerCounts {
  readonly #counts = new Map<string, number>();

  /** @param answers of one question, each once */
  add(answers: Iterable<string>): void {
    for (const answer of answers) this.#counts.set(answer, (this.#counts.get(answer) ?? 0) + 1);
  }

  /** Different answers. */
  get size(): number {
    return this.#counts.size;
  }

  /** Questions of the most frequent answer; 0 without any. */
  get mostOccurrences(): number {
    return [...this.#counts.values()].reduce((most, count) => Math.max(most, count), 0);
  }

  /** Those of at least so many questions, the most frequent first and equally frequent ones by code points. */
  atLeast(minOccurrences: number): string[] {
    return [...this.#counts]
      .filter(([, count]) => count >= minOccurrences)
      .sort(([a, m], [b, n]) => n - m || compareCodePoints(a, b))
      .map(([answer]) => answer);
  }
}
