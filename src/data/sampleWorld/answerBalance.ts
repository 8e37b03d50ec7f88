/** @file Keeps the two answers to a kind of question equally frequent over a whole split. */

/** How far one answer may get ahead of the other. */
const MAX_LEAD = 2;

/**
 * Scenes give some answers more often than others (two objects seldom share a color). Where a kind of question has
 * two answers, the one that is ahead waits until the other has caught up: guessing then gives one half.
 */
export class AnswerBalance {
  readonly #counts = new Map<string, number>();

  /** Whether the answer may be given now; `other` is the one it is weighed against. */
  allows(kind: string, answer: string, other: string): boolean {
    return this.#count(kind, answer) - this.#count(kind, other) < MAX_LEAD;
  }

  add(kind: string, answer: string): void {
    this.#counts.set(`${kind} ${answer}`, this.#count(kind, answer) + 1);
  }

  #count(kind: string, answer: string): number {
    return this.#counts.get(`${kind} ${answer}`) ?? 0;
  }
}
