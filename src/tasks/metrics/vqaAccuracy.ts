/** @file The official accuracy of VQA v2: each question's ten answers, one left out at a time. */

import type { VqaAnnotation } from '../../data/annotations/officialVqaAnnotations.js';
import { Coverage, type CoverageCounts, type CoverageRules } from './coverage.js';
import type { PredictionTable } from './predictionTable.js';
import { type ScoreRow, Tally, TallyByType } from './tally.js';
import { cleanVqaAnswer, normalizeVqaAnswer } from './vqaAnswerNormalization.js';

/** As many annotators must have given an answer for it to be wholly right. */
const NUM_AGREEING = 3;

/**
 * The agreement with an answer, 0 to 1: for each annotator, the number of the *other* annotators who gave this answer,
 * divided by 3 and at most 1; the mean over the annotators. With ten of them, an answer that 0, 1, 2, 3, 4 or more gave
 * scores 0, 0.3, 0.6, 0.9, 1.
 *
 * @param answer compared letter by letter
 */
export function annotatorAgreement(answer: string, groundTruth: readonly string[]): number {
  if (groundTruth.length === 0) return 0;
  const numMatches = groundTruth.filter((truth) => truth === answer).length;
  let sum = 0;
  for (const truth of groundTruth) {
    const numOthers = truth === answer ? numMatches - 1 : numMatches;
    sum += Math.min(1, numOthers / NUM_AGREEING);
  }
  return sum / groundTruth.length;
}

/**
 * The official score of one answer, 0 to 1: the `annotatorAgreement` with it.
 *
 * Answers are compared letter by letter after `cleanVqaAnswer`; where the annotators do not all say the same,
 * theirs and the predicted one go through `normalizeVqaAnswer` first (`vqaEval.py`).
 *
 * @param groundTruth The annotators' answers, ten in VQA v2
 */
export function officialVqaScore(answer: string, groundTruth: readonly string[]): number {
  const cleaned = groundTruth.map(cleanVqaAnswer);
  const isUnanimous = new Set(cleaned).size <= 1;
  const predicted = isUnanimous ? cleanVqaAnswer(answer) : normalizeVqaAnswer(answer);
  const truths = isUnanimous ? cleaned : cleaned.map((truth) => normalizeVqaAnswer(truth));
  return annotatorAgreement(predicted, truths);
}

/** The official scores of a file of predictions. All are means from 0 to 1. */
export interface VqaScores extends CoverageCounts {
  /** Questions that were scored. */
  readonly numQuestions: number;
  readonly accuracy: number;
  readonly byAnswerType: readonly ScoreRow[];
  readonly byQuestionType: readonly ScoreRow[];
}

/** Scores predictions while annotations go by. */
export class VqaScorer {
  private readonly coverage: Coverage;
  private readonly overall = new Tally();
  private readonly byAnswerType = new TallyByType();
  private readonly byQuestionType = new TallyByType();

  constructor(
    private readonly predictions: PredictionTable,
    file: string,
    private readonly rules: CoverageRules,
  ) {
    this.coverage = new Coverage(predictions, file, rules);
  }

  /** @throws LxmertError for a question that was there before */
  add(annotation: VqaAnnotation): void {
    const index = this.coverage.take(String(annotation.questionId));
    if (index === undefined && this.rules.missing === 'skip') return;
    const score =
      index === undefined ? 0 : officialVqaScore(this.predictions.answerAt(index), annotation.answers);
    this.overall.add(score);
    this.byAnswerType.add(annotation.answerType, score);
    this.byQuestionType.add(annotation.questionType, score);
  }

  /** @throws LxmertError when questions and predictions do not meet and the rules do not allow it */
  finish(): VqaScores {
    const counts = this.coverage.finish();
    return {
      numQuestions: this.overall.count,
      ...counts,
      accuracy: this.overall.mean ?? 0,
      byAnswerType: this.byAnswerType.rows(),
      byQuestionType: this.byQuestionType.rows(),
    };
  }
}
