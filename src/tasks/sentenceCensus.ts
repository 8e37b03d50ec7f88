/** @file Sentences that a model does not read as they are: longer than it reads, or empty. */

import type { Question } from '../data/annotations/question.js';
import { shownText } from '../data/shownValue.js';
import { formatNumber } from '../formats/numbers.js';
import type { Predictor } from './predictor.js';

/** Ids that messages and reports name. */
const NUM_NAMED = 3;

/** As `--json` prints them. */
export interface SentenceCounts {
  /** Sentences of more word pieces than the model reads: it sees their beginning. */
  readonly numCut: number;
  /** Ids of the first of them. */
  readonly firstCut: readonly string[];
  /** Sentences without a word. */
  readonly numEmpty: number;
  readonly firstEmpty: readonly string[];
}

/** Looks at sentences one by one. */
export class SentenceCensus {
  #numExamples = 0;
  readonly #cut = new NamedCount();
  readonly #empty = new NamedCount();

  constructor(private readonly reader: Pick<Predictor, 'tokenizer' | 'maxLength'>) {}

  /** Looks at a sentence. */
  add({ questionId, sentence }: Pick<Question, 'questionId' | 'sentence'>): void {
    this.#numExamples++;
    // One more than is read shows whether there is more.
    const numPieces = this.reader.tokenizer.pieceIds(sentence, this.#numRead + 1).length;
    if (numPieces === 0) this.#empty.add(questionId);
    else if (numPieces > this.#numRead) this.#cut.add(questionId);
  }

  /** Of all that were added so far. */
  get counts(): SentenceCounts {
    return {
      numCut: this.#cut.count,
      firstCut: this.#cut.first,
      numEmpty: this.#empty.count,
      firstEmpty: this.#empty.first,
    };
  }

  /** A line for each kind that there is. */
  get notices(): string[] {
    const all = formatNumber(this.#numExamples);
    const lines: string[] = [];
    if (this.#cut.count > 0) {
      lines.push(
        `Cut: ${this.#cut.text} of ${all} sentences, to the ${this.#numRead} word pieces that the model reads.`,
      );
    }
    if (this.#empty.count > 0)
      lines.push(`Empty: ${this.#empty.text} of ${all} sentences, answered all the same.`);
    return lines;
  }

  /** Without [CLS] and [SEP]. */
  get #numRead(): number {
    return this.reader.maxLength - 2;
  }
}

/** A count with the first few ids. */
class NamedCount {
  count = 0;
  readonly first: string[] = [];

  add(id: number | string): void {
    this.count++;
    if (this.first.length < NUM_NAMED) this.first.push(String(id));
  }

  /** `12 (1, 2, 3 ...)` */
  get text(): string {
    const named = this.first.map(shownText).join(', ');
    return `${formatNumber(this.count)} (${named}${this.count > this.first.length ? ' ...' : ''})`;
  }
}
