/** @file The official metrics of GQA: accuracy and its breakdowns, consistency, validity, plausibility, distribution. */

import { LxmertError } from '../../common/errors.js';
import type { GqaChoices, GqaQuestion } from '../../data/annotations/officialGqaQuestions.js';
import {
  Coverage,
  type CoverageCounts,
  type CoverageRules,
  type NotComputed,
  nothingLeftNote,
  spelledOtherwiseNote,
} from './coverage.js';
import { ConsistencyScorer } from './gqaConsistency.js';
import { AnswerHistogram, distributionScore } from './gqaDistribution.js';
import type { PredictionTable } from './predictionTable.js';
import { splitAtWhitespace, strip } from './pythonText.js';
import { type ScoreRow, Tally, TallyByType } from './tally.js';

/** The official scores of a file of predictions, over balanced questions. Null: see `notComputed`. */
export interface GqaScores extends CoverageCounts {
  /** Balanced questions that were scored. */
  readonly numQuestions: number;
  /** Fractions from 0 to 1, like all that follow but `distribution`. */
  readonly accuracy: number | null;
  /** Over questions of every structural type but `query`. */
  readonly binary: number | null;
  /** Over questions of the structural type `query`. */
  readonly open: number | null;
  readonly consistency: number | null;
  readonly validity: number | null;
  readonly plausibility: number | null;
  /** Chi-square of the answers' spread, 0 and up; lower is better. */
  readonly distribution: number | null;
  readonly byStructuralType: readonly ScoreRow[];
  readonly bySemanticType: readonly ScoreRow[];
  /** By number of reasoning steps. */
  readonly bySteps: readonly ScoreRow[];
  /** By number of words of the question. */
  readonly byWords: readonly ScoreRow[];
  readonly notComputed: readonly NotComputed[];
  /** What a person should know of the files, in sentences. */
  readonly notes: readonly string[];
}

export interface GqaScorerOptions extends CoverageRules {
  /** Follow entailed questions. All questions then need a prediction, the unbalanced ones too. */
  readonly consistency: boolean;
}

/** Operations that only ask for the result and are no step of reasoning. */
const FINAL_OPERATIONS = ['exist', 'query: name', 'choose name'];

/** What a question about a common attribute may be answered with. */
const COMMON_ATTRIBUTES = new Set(['color', 'material', 'shape']);

/** Bits of what the choices file says of a prediction. */
const HAS_CHOICES = 1;
const IS_VALID = 2;
const IS_PLAUSIBLE = 4;

/** Steps of a functional program, without those that `operation: argument` shows to be the final asking. */
export function numReasoningSteps(program: NonNullable<GqaQuestion['program']>): number {
  return program.filter(({ operation, argument }) => {
    const step = `${operation}: ${argument}`;
    return !FINAL_OPERATIONS.some((final) => step.includes(final));
  }).length;
}

/** An answer without what spellings differ in: capitals, blanks around it, articles before it, a full stop behind it. */
function plain(answer: string): string {
  return strip(answer)
    .toLowerCase()
    .replace(/^(a|an|the) /, '')
    .replace(/[.!]$/, '');
}

/** Scores predictions while choices, then questions, go by (`eval.py` of GQA, without grounding). */
export class GqaScorer {
  private readonly coverage: Coverage;
  private readonly consistency: ConsistencyScorer | undefined;
  private choices: Uint8Array | undefined;
  private readonly accuracy = new Tally();
  private readonly binary = new Tally();
  private readonly open = new Tally();
  private readonly validity = new Tally();
  private readonly plausibility = new Tally();
  private readonly byStructuralType = new TallyByType();
  private readonly bySemanticType = new TallyByType();
  private readonly bySteps = new TallyByType();
  private readonly byWords = new TallyByType();
  private readonly gold = new AnswerHistogram();
  private readonly predicted = new AnswerHistogram();
  /** For what a question of the files lacks: the first such question. */
  private readonly lacking = new Map<string, string>();

  private numSpelledOtherwise = 0;
  private numEmpty = 0;

  /** @param files The files of questions, for errors */
  constructor(
    private readonly predictions: PredictionTable,
    private readonly files: string,
    private readonly options: GqaScorerOptions,
  ) {
    this.coverage = new Coverage(predictions, files, options);
    if (options.consistency) this.consistency = new ConsistencyScorer(predictions, options);
  }

  /** Takes an entry of the choices file. All of them come before the first question. */
  addChoices({ id, valid, plausible }: GqaChoices): void {
    this.choices ??= new Uint8Array(this.predictions.size);
    const index = this.predictions.indexOf(id);
    if (index === undefined) return;
    const answer = this.predictions.answerAt(index);
    this.choices[index] =
      HAS_CHOICES | (valid.includes(answer) ? IS_VALID : 0) | (plausible.includes(answer) ? IS_PLAUSIBLE : 0);
  }

  /** @throws LxmertError for a question that was there before, or is not in the choices file */
  add(question: GqaQuestion): void {
    const { predictions, options } = this;
    const isNeeded = question.isBalanced || options.consistency;
    const index = this.coverage.take(question.id, isNeeded);
    if (index === undefined) {
      this.consistency?.noteMissing(question.id);
      if (!question.isBalanced || options.missing === 'skip') return;
    }
    const answer = index === undefined ? undefined : predictions.answerAt(index);
    const isRight = answer === question.answer;
    if (index !== undefined) predictions.setOutcome(index, isRight ? 'right' : 'wrong');
    if (!question.isBalanced) return;
    this.addAccuracy(question, isRight ? 1 : 0);
    if (!isRight && answer !== undefined && plain(answer) === plain(question.answer))
      this.numSpelledOtherwise++;
    if (answer !== undefined && strip(answer) === '') this.numEmpty++;
    this.addChoiceScores(question, index, answer);
    if (question.globalGroup === undefined) this.lacks('distribution', question, 'groups');
    else if (question.globalGroup !== null) {
      this.gold.add(question.globalGroup, question.answer);
      if (answer !== undefined) this.predicted.add(question.globalGroup, answer);
    }
    if (this.consistency === undefined) return;
    if (question.entailed === undefined) this.lacks('consistency', question, 'entailed');
    else if (isRight) this.consistency.noteRight(question.id, question.entailed);
  }

  private addAccuracy(question: GqaQuestion, score: number): void {
    const { structuralType, semanticType, program, sentence } = question;
    this.accuracy.add(score);
    if (structuralType === undefined) {
      this.lacks('accuracy by structural type, binary and open', question, 'types.structural');
    } else {
      this.byStructuralType.add(structuralType, score);
      (structuralType === 'query' ? this.open : this.binary).add(score);
    }
    if (semanticType === undefined) this.lacks('accuracy by semantic type', question, 'types.semantic');
    else this.bySemanticType.add(semanticType, score);
    if (program === undefined) this.lacks('accuracy by steps', question, 'semantic');
    else this.bySteps.add(String(numReasoningSteps(program)), score);
    if (sentence === undefined) this.lacks('accuracy by words', question, 'question');
    else this.byWords.add(String(splitAtWhitespace(sentence).length), score);
  }

  private addChoiceScores(
    question: GqaQuestion,
    index: number | undefined,
    answer: string | undefined,
  ): void {
    if (this.choices === undefined) return;
    const bits = index === undefined ? HAS_CHOICES : (this.choices[index] ?? 0);
    if (bits === 0) {
      throw new LxmertError(
        `The choices file has no entry for question '${question.id}' of ${this.files}. Are they of the same split?`,
      );
    }
    if (question.detailedType === undefined) {
      this.lacks('validity and plausibility', question, 'types.detailed');
    } else if (question.detailedType.includes('Common')) {
      // The choices file lists values here, the question asks for the kind of attribute.
      const score = answer !== undefined && COMMON_ATTRIBUTES.has(answer) ? 1 : 0;
      this.validity.add(score);
      this.plausibility.add(score);
    } else {
      this.validity.add(bits & IS_VALID ? 1 : 0);
      this.plausibility.add(bits & IS_PLAUSIBLE ? 1 : 0);
    }
  }

  private lacks(metric: string, question: GqaQuestion, key: string): void {
    if (this.lacking.has(metric)) return;
    this.lacking.set(metric, `the key '${key}' in all questions, which question '${question.id}' has not`);
  }

  /** @throws LxmertError when questions and predictions do not meet and the rules do not allow it */
  finish(): GqaScores {
    const counts = this.coverage.finish();
    const notComputed: NotComputed[] = [];
    const isWhole = (metric: string): boolean => {
      const needs = this.lacking.get(metric);
      if (needs !== undefined) notComputed.push({ metric, needs });
      return needs === undefined;
    };
    if (this.accuracy.count === 0) {
      const needs = 'balanced questions with a prediction, which the files have none of';
      notComputed.push({ metric: 'accuracy', needs });
    }
    const hasStructural = isWhole('accuracy by structural type, binary and open');
    const hasSemantic = isWhole('accuracy by semantic type');
    const hasSteps = isWhole('accuracy by steps');
    const hasWords = isWhole('accuracy by words');
    const consistency = this.finishConsistency(isWhole, notComputed);
    if (this.choices === undefined) {
      notComputed.push({ metric: 'validity and plausibility', needs: 'the choices file (--choices)' });
    }
    const hasChoices = isWhole('validity and plausibility');
    let distribution: number | null = null;
    if (isWhole('distribution')) {
      distribution = distributionScore(this.gold, this.predicted);
      if (distribution === null) {
        notComputed.push({ metric: 'distribution', needs: 'balanced questions with a global group' });
      }
    }
    notComputed.push({ metric: 'grounding', needs: 'attention maps, which predictions do not hold' });
    return {
      numQuestions: this.accuracy.count,
      ...counts,
      accuracy: this.accuracy.mean,
      binary: hasStructural ? this.binary.mean : null,
      open: hasStructural ? this.open.mean : null,
      consistency,
      validity: hasChoices ? this.validity.mean : null,
      plausibility: hasChoices ? this.plausibility.mean : null,
      distribution,
      byStructuralType: hasStructural ? this.byStructuralType.rows() : [],
      bySemanticType: hasSemantic ? this.bySemanticType.rows() : [],
      bySteps: hasSteps ? this.bySteps.rows() : [],
      byWords: hasWords ? this.byWords.rows() : [],
      notComputed,
      notes: this.notes(),
    };
  }

  private notes(): string[] {
    const { predictions, numSpelledOtherwise } = this;
    const notes = [...predictions.notes, ...this.coverage.notes];
    if (predictions.hasOtherIdsThan('')) {
      notes.push(
        `Ids are numbers in ${predictions.file} and text in ${this.files}; they are compared as text.`,
      );
    }
    if (numSpelledOtherwise > 0) notes.push(spelledOtherwiseNote(numSpelledOtherwise));
    if (this.numEmpty > 0) notes.push(nothingLeftNote(this.numEmpty));
    return notes;
  }

  private finishConsistency(isWhole: (metric: string) => boolean, notComputed: NotComputed[]): number | null {
    if (this.consistency === undefined) {
      const needs = '--consistency, and predictions for all questions, the unbalanced ones too';
      notComputed.push({ metric: 'consistency', needs });
      return null;
    }
    if (!isWhole('consistency')) return null;
    const result = this.consistency.finish();
    if ('consistency' in result) return result.consistency;
    notComputed.push(result);
    return null;
  }
}
