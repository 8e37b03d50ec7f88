/** @file The official accuracy of VQA v2: each question's ten answers, one left out at a time. */

import type { VqaAnnotation } from '../../data/annotations/officialVqaAnnotations.js';
import { softScore, softScoreRule } from '../../data/softLabel.js';
import {
  Coverage,
  type CoverageCounts,
  type CoverageRules,
  nothingLeftNote,
  spelledOtherwiseNote,
} from './coverage.js';
import type { PredictionTable } from './predictionTable.js';
import { type ScoreRow, Tally, TallyByType } from './tally.js';
import { cleanVqaAnswer, normalizeVqaAnswer } from './vqaAnswerNormalization.js';

/** As many other annotators must have given an answer for it to be wholly right. */
const NUM_AGREEING = 3;

/** What the data sets of the official evaluations have. */
const OFFICIAL_ANNOTATORS = 10;

/**
 * The agreement with an answer, 0 to 1: for each annotator, the number of the *other* annotators who gave this answer,
 * divided by 3 and at most 1; the mean over the annotators. With ten of them, an answer that 0, 1, 2, 3, 4 or more gave
 * scores 0, 0.3, 0.6, 0.9, 1. With three or fewer there are never three others, and the score is the share of the annotators
 * who gave it: the rule of `softScore`, which labels have too.
 *
 * @param answer compared letter by letter
 */
export function annotatorAgreement(answer: string, groundTruth: readonly string[]): number {
  if (groundTruth.length === 0) return 0;
  const numMatches = groundTruth.filter((truth) => truth === answer).length;
  if (groundTruth.length <= NUM_AGREEING) return softScore(numMatches, groundTruth.length);
  // In the order of the official program, whose sums are these to the bit.
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

/** A mean with the percentage that the official program makes of it. */
export interface VqaScoreRow extends ScoreRow {
  /** Rounded to two decimals as Python rounds. */
  readonly percent: number;
}

/** Questions with one number of annotators' answers, and how they are scored. */
export interface AnnotatorCount {
  readonly numAnswers: number;
  readonly numQuestions: number;
  /** In words. */
  readonly rule: string;
}

/** The official scores of a file of predictions. All are means from 0 to 1, but for `percent`. */
export interface VqaScores extends CoverageCounts {
  /** Questions that were scored. */
  readonly numQuestions: number;
  readonly accuracy: number;
  /** The accuracy as the official program gives it. */
  readonly percent: number;
  readonly byAnswerType: readonly VqaScoreRow[];
  readonly byQuestionType: readonly VqaScoreRow[];
  /** By number of answers, the most frequent first. */
  readonly annotators: readonly AnnotatorCount[];
  /** What a person should know of the files, in sentences. */
  readonly notes: readonly string[];
}

/** Scores predictions while annotations go by. */
export class VqaScorer {
  private readonly coverage: Coverage;
  private readonly overall = new Tally();
  private readonly byAnswerType = new TallyByType();
  private readonly byQuestionType = new TallyByType();
  private readonly numQuestionsByAnswers = new Map<number, number>();
  private numSpelledOtherwise = 0;
  private numEmpty = 0;
  private hasOtherIds = false;

  constructor(
    private readonly predictions: PredictionTable,
    private readonly file: string,
    private readonly rules: CoverageRules,
  ) {
    this.coverage = new Coverage(predictions, file, rules);
  }

  /** @throws LxmertError for a question that was there before */
  add({ questionId, answers, answerType, questionType }: VqaAnnotation): void {
    const index = this.coverage.take(String(questionId));
    if (index === undefined && this.rules.missing === 'skip') return;
    const answer = index === undefined ? undefined : this.predictions.answerAt(index);
    const score = answer === undefined ? 0 : officialVqaScore(answer, answers);
    this.overall.add(score);
    this.byAnswerType.add(answerType, score);
    this.byQuestionType.add(questionType, score);
    const numAlike = this.numQuestionsByAnswers.get(answers.length) ?? 0;
    this.numQuestionsByAnswers.set(answers.length, numAlike + 1);
    if (index !== undefined) this.hasOtherIds ||= this.predictions.hasOtherIdsThan(questionId);
    if (answer !== undefined && score === 0 && isSpelledOtherwise(answer, answers))
      this.numSpelledOtherwise++;
    if (answer !== undefined && score === 0 && normalizeVqaAnswer(answer) === '') this.numEmpty++;
  }

  /** @throws LxmertError when questions and predictions do not meet and the rules do not allow it */
  finish(): VqaScores {
    const counts = this.coverage.finish();
    return {
      numQuestions: this.overall.count,
      ...counts,
      accuracy: this.overall.mean ?? 0,
      percent: this.overall.percent ?? 0,
      byAnswerType: this.byAnswerType.rowsWithPercent(),
      byQuestionType: this.byQuestionType.rowsWithPercent(),
      annotators: [...this.numQuestionsByAnswers]
        .map(([numAnswers, numQuestions]) => ({ numAnswers, numQuestions, rule: softScoreRule(numAnswers) }))
        .sort((a, b) => b.numQuestions - a.numQuestions || a.numAnswers - b.numAnswers),
      notes: this.notes(),
    };
  }

  private notes(): string[] {
    const { predictions, file, numSpelledOtherwise } = this;
    const notes = [...predictions.notes, ...this.coverage.notes];
    if (this.hasOtherIds) {
      notes.push(
        `Ids are numbers in one of ${predictions.file} and ${file} and text in the other; they are compared as text.`,
      );
    }
    if (numSpelledOtherwise > 0) notes.push(spelledOtherwiseNote(numSpelledOtherwise));
    if (this.numEmpty > 0) notes.push(nothingLeftNote(this.numEmpty));
    return notes;
  }
}

/** Whether an answer that scored nothing would be all annotators' answer if it were spelled as the evaluation spells. */
function isSpelledOtherwise(answer: string, groundTruth: readonly string[]): boolean {
  const [first = ''] = groundTruth;
  const spelled = normalizeVqaAnswer(answer);
  return (
    spelled !== '' && spelled === normalizeVqaAnswer(first) && officialVqaScore(first, groundTruth) === 1
  );
}

/** Whether questions of a file have another number of answers than the official evaluation is made for. */
export function hasOtherCounts(annotators: readonly AnnotatorCount[]): boolean {
  return annotators.some(({ numAnswers }) => numAnswers !== OFFICIAL_ANNOTATORS);
}
