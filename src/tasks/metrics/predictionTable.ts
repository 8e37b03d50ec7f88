/** @file The predictions of a file by question, and what became of each. */

import { LxmertError } from '../../common/errors.js';

/** One prediction of a file. */
export interface FilePrediction {
  readonly id: string;
  readonly answer: string;
  /** Where it stands, as in `element 3` or `line 4`. */
  readonly place: string;
  /** Whether the file has the id as a number, which loses zeros in front; undefined where it has no choice, as in keys. */
  readonly isNumber?: boolean | undefined;
}

/** What became of a prediction. */
export type Outcome = 'unasked' | 'unscored' | 'wrong' | 'right';

const OUTCOMES: readonly Outcome[] = ['unasked', 'unscored', 'wrong', 'right'];

/**
 * Answers by question id. Only this is held in memory while a file of questions of any size goes by; equal answers
 * share one string.
 */
export class PredictionTable {
  private readonly indices = new Map<string, number>();
  private readonly answers: string[] = [];
  private outcomes: Uint8Array;
  /** What was read otherwise than documented, in sentences for a person. */
  readonly notes: string[] = [];
  /** The sentence about predictions that are null, where there are any. */
  nullNote: string | undefined;
  /** How the file writes ids: all as numbers, all as text, or some of either; undefined where it has no choice. */
  private idKind: 'number' | 'text' | 'both' | undefined;

  private constructor(readonly file: string) {
    this.outcomes = new Uint8Array(0);
  }

  /**
   * Gathers the predictions of `file`.
   *
   * @throws LxmertError when a question is answered twice, or none is
   */
  static async gather(file: string, predictions: AsyncIterable<FilePrediction>): Promise<PredictionTable> {
    const table = new PredictionTable(file);
    const distinct = new Map<string, string>();
    for await (const { id, answer, place, isNumber } of predictions) {
      if (isNumber !== undefined) table.noteKind(isNumber ? 'number' : 'text');
      if (table.indices.has(id)) {
        throw new LxmertError(
          `${file}, ${place}: question '${id}' was answered before. Keep one answer of each.`,
        );
      }
      const known = distinct.get(answer);
      if (known === undefined) distinct.set(answer, answer);
      table.indices.set(id, table.answers.length);
      table.answers.push(known ?? answer);
    }
    if (table.size === 0) throw new LxmertError(`${file} holds no predictions.`);
    table.outcomes = new Uint8Array(table.size);
    return table;
  }

  private noteKind(kind: 'number' | 'text'): void {
    this.idKind = this.idKind === undefined || this.idKind === kind ? kind : 'both';
  }

  /** Whether ids of the file are of another type than one of a question, so far as the file has a choice. */
  hasOtherIdsThan(questionId: number | string): boolean {
    return this.idKind !== undefined && this.idKind !== (typeof questionId === 'number' ? 'number' : 'text');
  }

  get size(): number {
    return this.answers.length;
  }

  /** Ids that the file has as numbers have lost zeros in front; they are met without them. */
  indexOf(id: string): number | undefined {
    return this.indices.get(this.hasLostZeros(id) ? id.replace(/^0+(?=\d)/, '') : id);
  }

  /** Whether this one's text begins with zeros, and the file has it without them, as a number or a key made of one. */
  hasLostZeros(id: string): boolean {
    return this.idKind !== 'text' && /^0\d+$/.test(id) && !this.indices.has(id);
  }

  answerAt(index: number): string {
    return this.answers[index] ?? '';
  }

  /** Looks through all ids: for errors. */
  idAt(index: number): string {
    for (const [id, each] of this.indices) if (each === index) return id;
    return '';
  }

  outcomeAt(index: number): Outcome {
    return OUTCOMES[this.outcomes[index] ?? 0] ?? 'unasked';
  }

  setOutcome(index: number, outcome: Outcome): void {
    this.outcomes[index] = OUTCOMES.indexOf(outcome);
  }

  /** Ids of predictions that no question asked for: how many, and the first few. */
  unasked(numExamples: number): { readonly count: number; readonly examples: string[] } {
    const examples: string[] = [];
    let count = 0;
    for (const [id, index] of this.indices) {
      if (this.outcomes[index] !== 0) continue;
      count++;
      if (examples.length < numExamples) examples.push(id);
    }
    return { count, examples };
  }
}
