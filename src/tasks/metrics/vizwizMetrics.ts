/** @file The official metrics of VizWiz: accuracy of answers; average precision and F1 of what cannot be answered. */

import { z } from 'zod';
import { LxmertError } from '../../common/errors.js';
import { checkRecord } from '../../data/annotations/record.js';
import { CONTRACTION_SPELLINGS } from '../../data/vqaAnswerRule.js';
import { averagePrecision, type BinaryDecision, f1Score } from './binaryDecisions.js';
import { Coverage, type CoverageCounts, type CoverageRules, type NotComputed } from './coverage.js';
import { predictionElements } from './predictionFiles.js';
import { PredictionTable } from './predictionTable.js';
import { type ScoreRow, Tally, TallyByType } from './tally.js';
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

/** What a file of predictions says: answers, probabilities of being answerable, or both. */
export interface VizwizPredictions {
  /** By the name of the image's file; empty answers where {@link hasAnswers} is false. */
  readonly table: PredictionTable;
  readonly hasAnswers: boolean;
  /** By the table's index; undefined where the file has none. */
  readonly answerable: readonly number[] | undefined;
}

const EXPECTED = 'a JSON array of {image, answer, answerable}, as lxmert predict vizwiz writes it';

const predictionSchema = z.object({
  image: z.string().min(1),
  answer: z.string().optional(),
  answerable: z.number().min(0).max(1).optional(),
});

/**
 * Reads the file of either challenge, `[{image, answer}]` or `[{image, answerable}]`, or of both in one. Other keys are
 * ignored.
 *
 * @throws LxmertError with file and element for what is not as expected, for an image that is there twice, and for an
 *   element without a key that the first one has
 */
export async function readVizwizPredictions(file: string): Promise<VizwizPredictions> {
  let first: z.output<typeof predictionSchema> | undefined;
  const answerable: number[] = [];
  const table = await PredictionTable.gather(
    file,
    predictionElements(file, EXPECTED, (value, place) => {
      const record = checkRecord(predictionSchema, value, file, place);
      first ??= record;
      for (const key of ['answer', 'answerable'] as const) {
        if ((record[key] === undefined) === (first[key] === undefined)) continue;
        const has =
          record[key] === undefined
            ? 'is missing, but the first element has it'
            : 'is there, but the first element has none';
        throw new LxmertError(`${file}: ${place}, key '${key}': it ${has}. Give it in all or in none.`);
      }
      if (record.answer === undefined && record.answerable === undefined) {
        throw new LxmertError(
          `${file}: ${place}: expected 'answer' or 'answerable' beside 'image', found neither.`,
        );
      }
      if (record.answerable !== undefined) answerable.push(record.answerable);
      return { id: record.image, answer: record.answer ?? '', place };
    }),
  );
  return {
    table,
    hasAnswers: first?.answer !== undefined,
    answerable: first?.answerable === undefined ? undefined : answerable,
  };
}

/** The official scores of a file of predictions. */
export interface VizwizScores extends VizwizMeans, CoverageCounts {
  /** Questions that were scored. */
  readonly numQuestions: number;
  readonly notComputed: readonly NotComputed[];
}

/** Scores predictions while annotations go by. */
export class VizwizScorer {
  private readonly coverage: Coverage;
  private readonly tally = new VizwizTally();
  private numQuestions = 0;

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
    const index = this.coverage.take(image);
    if (index === undefined && this.rules.missing === 'skip') return;
    this.numQuestions++;
    if (hasAnswers) this.tally.addAnswer(annotation, index === undefined ? undefined : table.answerAt(index));
    if (answerable !== undefined) {
      this.tally.addAnswerable(annotation, index === undefined ? undefined : answerable[index]);
    }
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
    return { numQuestions: this.numQuestions, ...counts, ...means, notComputed };
  }
}
