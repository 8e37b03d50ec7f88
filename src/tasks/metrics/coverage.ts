/** @file Which questions have a prediction, which predictions have a question, and what follows when not all do. */

import { LxmertError } from '../../common/errors.js';
import { formatCount } from '../../formats/numbers.js';
import type { PredictionTable } from './predictionTable.js';

/** A question without a prediction stops the scoring, is left out, or counts as answered wrongly. */
export const missingRules = ['error', 'skip', 'wrong'] as const;
export type MissingRule = (typeof missingRules)[number];

/** A prediction for a question that is not in the file stops the scoring or is ignored. */
export const extraRules = ['error', 'ignore'] as const;
export type ExtraRule = (typeof extraRules)[number];

export interface CoverageRules {
  readonly missing: MissingRule;
  readonly extra: ExtraRule;
}

/** How predictions and questions met. */
export interface CoverageCounts {
  readonly numPredictions: number;
  /** Questions without a prediction that should have one. */
  readonly numMissing: number;
  /** Predictions for questions that are not in the file. */
  readonly numExtra: number;
}

/** A metric that was left out, and what it takes. */
export interface NotComputed {
  readonly metric: string;
  readonly needs: string;
}

const MAX_EXAMPLES = 3;

/** Leads questions to their predictions and counts those that have none. */
export class Coverage {
  private numMissing = 0;
  private numWithoutZeros = 0;
  private firstId: string | undefined;
  private readonly missingExamples: string[] = [];

  constructor(
    private readonly predictions: PredictionTable,
    /** The file of the questions, for errors. */
    private readonly file: string,
    readonly rules: CoverageRules,
  ) {}

  /**
   * The index of the prediction for a question, or undefined when there is none.
   *
   * @throws LxmertError when the question was met before
   */
  take(id: string, isNeeded = true): number | undefined {
    if (this.firstId === undefined) this.firstId = id;
    const index = this.predictions.indexOf(id);
    if (index === undefined) {
      if (isNeeded) {
        this.numMissing++;
        if (this.missingExamples.length < MAX_EXAMPLES) this.missingExamples.push(id);
      }
      return undefined;
    }
    const hasLostZeros = this.predictions.hasLostZeros(id);
    if (this.predictions.outcomeAt(index) !== 'unasked') {
      throw new LxmertError(
        hasLostZeros
          ? `${this.file}: question '${id}' differs from another by zeros in front, which the ids of ${this.predictions.file} have not, since they are numbers. Write them as text.`
          : `${this.file}: question '${id}' is there twice.`,
      );
    }
    if (hasLostZeros) this.numWithoutZeros++;
    this.predictions.setOutcome(index, 'unscored');
    return index;
  }

  private get firstAsked(): string {
    return this.firstId === undefined ? '' : `, whose first is ${this.firstId}`;
  }

  /** What a person should know of how ids met. */
  get notes(): string[] {
    if (this.numWithoutZeros === 0) return [];
    return [
      `The ids of ${this.predictions.file} are numbers, without the zeros that ${formatCount(this.numWithoutZeros, 'id')} of ${this.file} ${this.numWithoutZeros === 1 ? 'begins' : 'begin'} with; they are matched all the same.`,
    ];
  }

  /**
   * The counts, after the last question.
   *
   * @throws LxmertError when questions or predictions are left over and the rules do not allow it
   */
  finish(): CoverageCounts {
    const { predictions, file, rules, numMissing } = this;
    const extra = predictions.unasked(MAX_EXAMPLES);
    const counts = { numPredictions: predictions.size, numMissing, numExtra: extra.count };
    if (extra.count === predictions.size) {
      throw new LxmertError(
        `No prediction of ${predictions.file} (${list(extra.examples, extra.count)}) is for a question of ${file}${this.firstAsked}. Are they of the same split?`,
      );
    }
    if (numMissing > 0 && rules.missing === 'error') {
      throw new LxmertError(
        `${predictions.file} has no prediction for ${formatCount(numMissing, 'question')} of ${file}: ${list(this.missingExamples, numMissing)}. ` +
          (predictions.nullNote === undefined ? '' : `${predictions.nullNote} `) +
          'Pass --missing skip to leave such questions out, or --missing wrong to count them as wrong.',
      );
    }
    if (extra.count > 0 && rules.extra === 'error') {
      throw new LxmertError(
        `${predictions.file} has ${formatCount(extra.count, 'prediction')} for questions that are not in ${file}: ${list(extra.examples, extra.count)}. ` +
          'Pass --extra ignore to score without them.',
      );
    }
    return counts;
  }
}

/** The sentence about answers that are wrong by their spelling alone. */
export function spelledOtherwiseNote(count: number): string {
  const [is, it] = count === 1 ? ['answer differs', 'it'] : ['answers differ', 'them'];
  return `${count} ${is} from the right one in capitals, blanks, articles or marks alone; the official evaluation counts ${it} as wrong.`;
}

/** The sentence about answers without a word. */
export function nothingLeftNote(count: number): string {
  return `${count} predicted ${count === 1 ? 'answer is' : 'answers are'} empty, or nothing but articles and marks, and scored nothing. Is the key of the answers the right one?`;
}

function list(examples: readonly string[], count: number): string {
  return examples.join(', ') + (count > examples.length ? ', ...' : '');
}
