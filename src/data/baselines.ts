/** @file What can be answered without looking: the yardsticks beside a model's accuracy. */

import type { Question } from './annotations/question.js';

/** Total training score of each answer within each group of questions. */
class AnswerTotals {
  readonly #totals = new Map<string, Map<string, number>>();

  constructor(questions: readonly Question[], groupOf: (question: Question) => string) {
    for (const question of questions) {
      const group = groupOf(question);
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
export function majorityAnswers(training: readonly Question[], asked: readonly Question[]): string[] {
  const byType = new AnswerTotals(training, (question) => question.questionType);
  const overall = new AnswerTotals(training, () => '');
  return asked.map((question) => byType.best(question.questionType) ?? overall.best('') ?? '');
}

/**
 * For each question text the answer that scores best over the training questions with that very text; for a text
 * that training never showed, the majority of its type. This is the most that memorising question texts can give
 * when training and validation are drawn alike.
 */
export function questionOnlyAnswers(training: readonly Question[], asked: readonly Question[]): string[] {
  const byText = new AnswerTotals(training, (question) => normalise(question.sentence));
  const majority = majorityAnswers(training, asked);
  return asked.map((question, i) => byText.best(normalise(question.sentence)) ?? majority[i] ?? '');
}

function normalise(sentence: string): string {
  return sentence.trim().toLowerCase();
}
