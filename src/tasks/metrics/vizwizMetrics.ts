/** @file The official metrics of VizWiz: accuracy of answers; average precision and F1 of what cannot be answered. */

import { CONTRACTION_SPELLINGS } from '../../data/vqaAnswerRule.js';
import { averagePrecision, type BinaryDecision, f1Score } from './binaryDecisions.js';
import {
  Coverage,
  type CoverageCounts,
  type CoverageRules,
  type NotComputed,
  nothingLeftNote,
  spelledOtherwiseNote,
} from './coverage.js';
import { type ScoreRow, Tally, TallyByType } from './tally.js';
import type { VizwizPredictions } from './vizwizPredictions.js';
import { annotatorAgreement } from './vqaAccuracy.js';
import { normalizeVqaAnswer } from './vqaAnswerNormalization.js';

/** Spellings that come out with the apostrophe of a keyboard. */
const PLAIN_SPELLINGS = new Set("ain't aren't can't could've couldn't we've where's who've".split(' '));
/** Words that go in with it. */
const PLAIN_WORDS = new Set(["couldn'tve", "hadn'tve"]);
const typographic = (word: string): string => word.replaceAll("'", '\u2019');

/**
 * The contractions of VizWiz's evaluator: VQA's, with the typographic apostrophe U+2019 in all but a few of them. Its
 * entries with capitals, asked of words in lower case, can do nothing and are left out.
 */
const CONTRACTIONS: ReadonlyMap<string, string> = new Map(
  [...CONTRACTION_SPELLINGS].map(([word, spelling]) => [
    PLAIN_WORDS.has(word) ? word : typographic(word),
    PLAIN_SPELLINGS.has(spelling) ? spelling : typographic(spelling),
  ]),
);

/** How the official evaluation spells a predicted answer; the annotators' answers it leaves as they are. */
export function normalizeVizwizAnswer(answer: string): string {
  return normalizeVqaAnswer(answer, CONTRACTIONS);
}

/**
 * The official score of one answer, 0 to 1: the mean over the annotators of min(1, n / 3), where n is how many of the
 * others gave the predicted answer. The others are told apart by their position, not by what they said. The prediction
 * is always normalised and the annotators' answers never are, unlike VQA's rule (`officialVqaScore`).
 *
 * @param groundTruth the annotators' answers, ten in VizWiz
 */
export function officialVizwizScore(answer: string, groundTruth: readonly string[]): number {
  return annotatorAgreement(normalizeVizwizAnswer(answer), groundTruth);
}

/** What the annotators said of a question. */
export interface VizwizAnnotation {
  /** As they typed them, ten in VizWiz. */
  readonly answers: readonly string[];
  readonly answerType: string;
  /** 1 where the image answers the question. */
  readonly answerable: 0 | 1;
}

/** The means of both challenges, each from 0 to 1; null for what could not be computed. */
export interface VizwizMeans {
  readonly accuracy: number | null;
  readonly byAnswerType: readonly ScoreRow[];
  /**
   * Of the questions that can *not* be answered, the class of the official evaluation: true where `1 - answerable` is 1,
   * scored by one minus the predicted probability. See {@link averagePrecision}; null without such a question.
   */
  readonly averagePrecision: number | null;
  /** Likewise, where one minus the predicted probability is above 0.5. See {@link f1Score}. */
  readonly f1: number | null;
}

/** The official means, question by question. */
export class VizwizTally {
  private readonly overall = new Tally();
  private readonly byAnswerType = new TallyByType();
  private readonly unanswerable: BinaryDecision[] = [];

  /** @param answer undefined for none, which is wrong */
  addAnswer({ answers, answerType }: VizwizAnnotation, answer: string | undefined): void {
    const score = answer === undefined ? 0 : officialVizwizScore(answer, answers);
    this.overall.add(score);
    this.byAnswerType.add(answerType, score);
  }

  /** @param predicted the probability that the image answers the question; undefined for none, which is wrong */
  addAnswerable({ answerable }: VizwizAnnotation, predicted: number | undefined): void {
    // Wrong is what says the opposite of the label.
    this.unanswerable.push({ score: 1 - (predicted ?? 1 - answerable), isPositive: answerable === 0 });
  }

  means(): VizwizMeans {
    return {
      accuracy: this.overall.mean,
      byAnswerType: this.byAnswerType.rows(),
      averagePrecision: averagePrecision(this.unanswerable),
      f1: f1Score(this.unanswerable),
    };
  }
}

/** The official scores of a file of predictions. */
export interface VizwizScores extends VizwizMeans, CoverageCounts {
  /** Questions that were scored. */
  readonly numQuestions: number;
  readonly notComputed: readonly NotComputed[];
  /** What a person should know of the files, in sentences. */
  readonly notes: readonly string[];
}

/** Scores predictions while annotations go by. */
export class VizwizScorer {
  private readonly coverage: Coverage;
  private readonly tally = new VizwizTally();
  private numQuestions = 0;
  private numWithoutEnding = 0;
  private numSpelledOtherwise = 0;
  private numEmpty = 0;

  /** @param file the annotations, for errors */
  constructor(
    private readonly predictions: VizwizPredictions,
    file: string,
    private readonly rules: CoverageRules,
  ) {
    this.coverage = new Coverage(predictions.table, file, rules);
  }

  /**
   * @param image the name of its file, which stands for the question
   * @throws LxmertError for a question that was there before
   */
  add(image: string, annotation: VizwizAnnotation): void {
    const { table, hasAnswers, answerable } = this.predictions;
    const index = this.coverage.take(this.idInPredictions(image));
    if (index === undefined && this.rules.missing === 'skip') return;
    this.numQuestions++;
    if (hasAnswers) this.addAnswer(annotation, index === undefined ? undefined : table.answerAt(index));
    if (answerable !== undefined) {
      this.tally.addAnswerable(annotation, index === undefined ? undefined : answerable[index]);
    }
  }

  /** The name of the picture as the predictions have it: where they leave its ending out, so. */
  private idInPredictions(image: string): string {
    const { table } = this.predictions;
    const stem = image.replace(/\.\w+$/, '');
    if (table.indexOf(image) !== undefined || table.indexOf(stem) === undefined) return image;
    this.numWithoutEnding++;
    return stem;
  }

  private addAnswer(annotation: VizwizAnnotation, answer: string | undefined): void {
    this.tally.addAnswer(annotation, answer);
    if (answer === undefined || officialVizwizScore(answer, annotation.answers) > 0) return;
    const spelled = normalizeVizwizAnswer(answer);
    if (spelled === '') this.numEmpty++;
    else if (annotation.answers.every((truth) => normalizeVizwizAnswer(truth) === spelled))
      this.numSpelledOtherwise++;
  }

  private notes(): string[] {
    const notes = [...this.predictions.table.notes, ...this.coverage.notes];
    if (this.numWithoutEnding > 0)
      notes.push('The predictions name pictures without the endings of their files, which are added.');
    if (this.numSpelledOtherwise > 0) notes.push(spelledOtherwiseNote(this.numSpelledOtherwise));
    if (this.numEmpty > 0) notes.push(nothingLeftNote(this.numEmpty));
    return notes;
  }

  /** @throws LxmertError when questions and predictions do not meet and the rules do not allow it */
  finish(): VizwizScores {
    const counts = this.coverage.finish();
    const means = this.tally.means();
    const notComputed: NotComputed[] = [];
    if (means.accuracy === null)
      notComputed.push({ metric: 'accuracy', needs: "'answer' in the predictions" });
    if (means.averagePrecision === null) {
      const needs =
        this.predictions.answerable === undefined
          ? "'answerable' in the predictions"
          : 'a question that cannot be answered among those scored';
      notComputed.push({ metric: 'average precision', needs }, { metric: 'F1', needs });
    }
    return { numQuestions: this.numQuestions, ...counts, ...means, notComputed, notes: this.notes() };
  }
}
