/** @file What can be answered without looking: the yardsticks beside a model's accuracy. */

import type { Question } from './annotations/question.js';

/** What of a question can be used without looking. */
export type BlindQuestion = Pick<Question, 'sentence' | 'questionType' | 'labels'>;

/** Total training score of each answer within each group of questions. */
class AnswerTotals {
  readonly #totals = new Map<string, Map<string, number>>();

  /**
   * @param groupsOf the groups that a question counts in
   * @param asked groups that none of these questions is in are not kept: a training set has hundreds of thousands
   */
  constructor(
    questions: readonly BlindQuestion[],
    groupsOf: (question: BlindQuestion) => readonly string[],
    asked: readonly BlindQuestion[],
  ) {
    const wanted = new Set(asked.flatMap(groupsOf));
    for (const question of questions) {
      for (const group of groupsOf(question)) {
        if (!wanted.has(group)) continue;
        let totals = this.#totals.get(group);
        if (totals === undefined) {
          totals = new Map();
          this.#totals.set(group, totals);
        }
        for (const [answer, score] of question.labels ?? []) {
          totals.set(answer, (totals.get(answer) ?? 0) + score);
        }
      }
    }
  }

  /** The answer with the largest total score, or undefined for a group that training never showed. */
  best(group: string): string | undefined {
    let best: string | undefined;
    let bestTotal = 0;
    for (const [answer, total] of this.#totals.get(group) ?? []) {
      if (total > bestTotal) {
        best = answer;
        bestTotal = total;
      }
    }
    return best;
  }
}

/** Always the answer that scores best over all training questions of the same type. */
export function majorityAnswers(
  training: readonly BlindQuestion[],
  asked: readonly BlindQuestion[],
): string[] {
  const byType = new AnswerTotals(training, (question) => [question.questionType], asked);
  const overall = new AnswerTotals(training, () => [''], asked);
  return asked.map((question) => byType.best(question.questionType) ?? overall.best('') ?? '');
}

/**
 * For each question text the answer that scores best over the training questions with that very text; for a text
 * that training never showed, the majority of its type. This is the most that memorising question texts can give
 * when training and validation are drawn alike.
 */
export function questionOnlyAnswers(
  training: readonly BlindQuestion[],
  asked: readonly BlindQuestion[],
): string[] {
  const byText = new AnswerTotals(training, (question) => [normalise(question.sentence)], asked);
  const majority = majorityAnswers(training, asked);
  return asked.map((question, i) => byText.best(normalise(question.sentence)) ?? majority[i] ?? '');
}

/**
 * As {@link questionOnlyAnswers}, but for a text that training never showed, the answer that scores best over the
 * training questions that begin with as many of the same words as possible. For sets whose questions seldom repeat
 * and state no type, such as GQA: "What color is the ..." is then answered with a color.
 */
export function openingAnswers(
  training: readonly BlindQuestion[],
  asked: readonly BlindQuestion[],
): string[] {
  const byOpening = new AnswerTotals(training, (question) => openings(question.sentence), asked);
  return asked.map((question) => {
    for (const opening of openings(question.sentence).reverse()) {
      const answer = byOpening.best(opening);
      if (answer !== undefined) return answer;
    }
    return '';
  });
}

/** A sentence that is true or not of what it is about, such as NLVR2's. */
export interface BlindStatement {
  readonly sentence: string;
  readonly isTrue: boolean;
}

/**
 * For each statement what {@link openingAnswers} says of its text alone: true where training had more true ones. In a
 * set that gives each sentence true and false pictures this is right half of the time.
 */
export function sentenceOnlyLabels(
  training: readonly BlindStatement[],
  asked: readonly Pick<BlindStatement, 'sentence'>[],
): boolean[] {
  const known = training.map(({ sentence, isTrue }): BlindQuestion => {
    return { sentence, questionType: '', labels: new Map([[String(isTrue), 1]]) };
  });
  const unknown = asked.map(({ sentence }): BlindQuestion => {
    return { sentence, questionType: '', labels: undefined };
  });
  return openingAnswers(known, unknown).map((answer) => answer === 'true');
}

function normalise(sentence: string): string {
  return sentence.trim().toLowerCase();
}

/** Nothing, the first word, the first two, ... and at last the whole text. */
function openings(sentence: string): string[] {
  const words = normalise(sentence).split(/\s+/);
  return Array.from({ length: words.length + 1 }, (_, numWords) => words.slice(0, numWords).join(' '));
}
