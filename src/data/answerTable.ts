/** @file The answers a head can give, by index. */

import { LxmertError } from '../common/errors.js';

/** Both directions between answers and rows of the answer head. */
export class AnswerTable {
  readonly #indexOf = new Map<string, number>();

  /** @throws LxmertError when an answer occurs twice */
  constructor(
    readonly answers: readonly string[],
    source = 'the answer table',
  ) {
    for (const [i, answer] of answers.entries()) {
      const known = this.#indexOf.get(answer);
      if (known !== undefined) {
        throw new LxmertError(`${source}: the answer '${answer}' stands at ${known} and again at ${i}.`);
      }
      this.#indexOf.set(answer, i);
    }
  }

  /** The number of answers. */
  get size(): number {
    return this.answers.length;
  }

  /** Undefined for an answer that is not in the table. */
  indexOf(answer: string): number | undefined {
    return this.#indexOf.get(answer);
  }

  /** @throws LxmertError for an index beyond the table */
  answer(index: number): string {
    const answer = this.answers[index];
    if (answer === undefined) {
      throw new LxmertError(
        `Answer ${index} was asked for, but the table has answers 0 to ${this.size - 1}.`,
      );
    }
    return answer;
  }
}
