/** @file A split made ready for training or evaluation: the questions whose images are at hand. */

import { LxmertError } from '../common/errors.js';
import type { Question } from './annotations/question.js';
import type { AnswerTable } from './answerTable.js';

/** What becomes of a label that is not in the answer table: the reference stops in VQA and skips it in GQA. */
export type UnknownAnswers = 'error' | 'skip';

export interface QuestionSetOptions<Example extends Question = Question> {
  readonly questions: readonly Example[];
  /** Whether the features of an image are loaded; questions about others are left out, as in the reference. */
  readonly hasImage: (imageId: string) => boolean;
  readonly answerTable: AnswerTable;
  readonly unknownAnswers: UnknownAnswers;
  /** How the split is called in messages. */
  readonly name: string;
}

export class QuestionSet<Example extends Question = Question> {
  readonly questions: readonly Example[];
  /** Questions left out because their image has no features here. */
  readonly numWithoutImage: number;
  readonly answerTable: AnswerTable;

  /** @throws LxmertError when no question is left, or for a label outside the table under `error` */
  constructor(options: QuestionSetOptions<Example>) {
    const { questions, hasImage, answerTable, unknownAnswers, name } = options;
    this.answerTable = answerTable;
    this.questions = questions.filter((question) => question.imageIds.every(hasImage));
    this.numWithoutImage = questions.length - this.questions.length;
    if (this.questions.length === 0) {
      throw new LxmertError(
        questions.length === 0
          ? `The split '${name}' has no questions.`
          : `None of the ${questions.length} questions of '${name}' is about an image whose features are loaded; the first asks about '${questions[0]?.imageIds.join("' and '")}'. Check that --features names the features of these images.`,
      );
    }
    if (unknownAnswers === 'error') this.#refuseUnknown(name);
  }

  #refuseUnknown(name: string): void {
    for (const question of this.questions) {
      for (const answer of question.labels?.keys() ?? []) {
        if (this.answerTable.indexOf(answer) === undefined) {
          throw new LxmertError(
            `Question ${question.questionId} of '${name}' has the answer '${answer}', which is not in the answer table of ${this.answerTable.size} answers. Is the table of another data set in use?`,
          );
        }
      }
    }
  }

  get size(): number {
    return this.questions.length;
  }

  question(index: number): Example {
    const question = this.questions[index];
    if (question === undefined)
      throw new RangeError(`There is no question ${index} in a set of ${this.size}.`);
    return question;
  }
}
