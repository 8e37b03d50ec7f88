/** @file VQA's soft accuracy as the reference computes it: the label score of the predicted answer. */

import type { Question } from './annotations/question.js';

export interface AnswerScores {
  /** Mean score over all labelled questions, 0 to 1. */
  readonly overall: number;
  readonly numQuestions: number;
  /** By `question_type`, in the order of first appearance. */
  readonly byQuestionType: ReadonlyMap<string, { readonly score: number; readonly numQuestions: number }>;
  /** By `answer_type`. */
  readonly byAnswerType: ReadonlyMap<string, { readonly score: number; readonly numQuestions: number }>;
}

/** The score of `answer`: its label's, or 0. An empty label gives 0 and still counts. */
function scoreOf(question: Question, answer: string): number {
  return question.labels?.get(answer) ?? 0;
}

/** Scores predictions, one for each question. Questions without labels (test) do not count. */
export function scoreAnswers(questions: readonly Question[], answers: readonly string[]): AnswerScores {
  const all = new Tally();
  const byQuestionType = new Map<string, Tally>();
  const byAnswerType = new Map<string, Tally>();
  for (const [i, question] of questions.entries()) {
    if (question.labels === undefined) continue;
    const score = scoreOf(question, answers[i] ?? '');
    all.add(score);
    tallyFor(byQuestionType, question.questionType).add(score);
    tallyFor(byAnswerType, question.answerType).add(score);
  }
  return { overall: all.score, numQuestions: all.numQuestions, byQuestionType, byAnswerType };
}

class Tally {
  #total = 0;
  numQuestions = 0;

  add(score: number): void {
    this.#total += score;
    this.numQuestions++;
  }

  get score(): number {
    return this.numQuestions === 0 ? 0 : this.#total / this.numQuestions;
  }
}

function tallyFor(tallies: Map<string, Tally>, key: string): Tally {
  let tally = tallies.get(key);
  if (tally === undefined) {
    tally = new Tally();
    tallies.set(key, tally);
  }
  return tally;
}
