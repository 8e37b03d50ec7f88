/** @file A split made ready for training or evaluation: the questions whose images are at hand. */

import { LxmertError } from '../common/errors.js';
import { formatCount } from '../formats/numbers.js';
import type { Question } from './annotations/question.js';
import type { AnswerTable } from './answerTable.js';
import { repeatedIdNotice } from './exampleCensus.js';
import { withLabels } from './labelCheck.js';
import { LeftOut, MAX_LEFT_OUT } from './leftOut.js';

/** What becomes of a label that is not in the answer table: the reference stops in VQA and skips it in GQA. */
export type UnknownAnswers = 'error' | 'skip';

export interface QuestionSetOptions<Example extends Question = Question> {
  readonly questions: readonly Example[];
  /** Whether the features of an image are loaded; questions about others are left out, as in the reference. */
  readonly hasImage: (imageId: string) => boolean;
  /** All images with features: messages about what is left out name one, and say when ids differ in form alone. */
  readonly imageIds?: Iterable<string>;
  /** The share of the questions that may be left out, 0 to 1. Default {@link MAX_LEFT_OUT}. */
  readonly maxLeftOut?: number;
  readonly answerTable: AnswerTable;
  readonly unknownAnswers: UnknownAnswers;
  /** How the split is called in messages. */
  readonly name: string;
  /**
   * Whether every question needs a label: to be trained on, or scored. Those without are then left out, up to
   * `maxLeftOut`. Default false.
   */
  readonly needsLabels?: boolean;
  /** What else is to be said when the set is used, such as answers that were respelled. */
  readonly notices?: readonly string[];
}

/** The questions of a split that can be used: with images that there are features of and, where it is asked for, with labels. */
export class QuestionSet<Example extends Question = Question> {
  readonly questions: readonly Example[];
  readonly answerTable: AnswerTable;
  /** How the split is called in messages. */
  readonly name: string;
  /** Questions that are left out because an image of theirs has no features here. */
  readonly leftOut: LeftOut;
  /** What is to be said of the set: what was left out and why, ids that stand twice. */
  readonly notices: readonly string[];

  /**
   * @throws LxmertError when there is no question, too many are left out or none is left, or for a label outside the table
   *   under `error`
   */
  constructor(options: QuestionSetOptions<Example>) {
    const { questions, hasImage, imageIds, answerTable, unknownAnswers, name } = options;
    this.answerTable = answerTable;
    this.name = name;
    if (questions.length === 0) throw new LxmertError(`The split '${name}' has no questions.`);
    this.leftOut = new LeftOut({ has: hasImage, ...(imageIds && { imageIds }) }, `'${name}'`);
    const { maxLeftOut = MAX_LEFT_OUT, needsLabels = false } = options;
    const withImages = questions.filter((question) => this.leftOut.keeps(question));
    this.leftOut.check(maxLeftOut);
    const labelled = needsLabels
      ? withLabels(withImages, { name, answerTable, maxUnlabelled: maxLeftOut })
      : { examples: withImages, notice: undefined };
    this.questions = labelled.examples;
    this.notices = [
      this.leftOut.notice,
      labelled.notice,
      ...(options.notices ?? []),
      repeatedIdNotice(this.questions, name),
    ].filter((line) => line !== undefined);
    if (unknownAnswers === 'error') this.#refuseUnknown(name);
  }

  #refuseUnknown(name: string): void {
    for (const question of this.questions) {
      for (const answer of question.labels?.keys() ?? []) {
        if (this.answerTable.indexOf(answer) === undefined) {
          throw new LxmertError(
            `Question ${question.questionId} of '${name}' has the answer '${answer}', which is not in the answer table of ${formatCount(this.answerTable.size, 'answer')}. Is the table of another data set in use?`,
          );
        }
      }
    }
  }

  /** Questions left out because their image has no features here. */
  get numWithoutImage(): number {
    return this.leftOut.counts.numWithoutImage;
  }

  /** The number of questions that are left. */
  get size(): number {
    return this.questions.length;
  }

  /** @throws RangeError for an index beyond the set */
  question(index: number): Example {
    const question = this.questions[index];
    if (question === undefined)
      throw new RangeError(`There is no question ${index} in a set of ${this.size}.`);
    return question;
  }
}
