/** @file What a test server would refuse in a file of results: kinds of faults, how often, where first. */

import { formatCount, formatNumber } from '../../formats/numbers.js';

/** A kind of fault. */
export interface SubmissionProblem {
  /** A word to decide by. */
  readonly kind: ProblemKind;
  readonly count: number;
  /** A whole sentence for a person, with the first places or ids. */
  readonly message: string;
}

export type ProblemKind =
  | 'form'
  | 'record'
  | 'idType'
  | 'answerType'
  | 'partly'
  | 'choice'
  | 'twice'
  | 'unknown'
  | 'missing'
  | 'spelling'
  | 'long';

/** Places or ids that a message names. */
const MAX_NAMED = 5;
const MAX_LENGTH = 60;

/** Gathers faults of one kind. */
export class Findings {
  #count = 0;
  readonly #first: string[] = [];

  constructor(
    private readonly kind: ProblemKind,
    /** What a fault is called, and what is said of them: `id` and `that no question has`. */
    private readonly noun: string,
    private readonly about: string,
  ) {}

  /** @param place its place or id */
  add(place: string): void {
    this.#count++;
    if (this.#first.length < MAX_NAMED) this.#first.push(place.slice(0, MAX_LENGTH));
  }

  get count(): number {
    return this.#count;
  }

  get problem(): SubmissionProblem | undefined {
    if (this.#count === 0) return undefined;
    const numMore = this.#count - this.#first.length;
    const more = numMore > 0 ? ` and ${formatNumber(numMore)} more` : '';
    const message = `${formatCount(this.#count, this.noun)} ${this.about}: ${this.#first.join(', ')}${more}.`;
    return { kind: this.kind, count: this.#count, message };
  }
}
