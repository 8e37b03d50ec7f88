/** @file The official metrics of A-OKVQA: accuracy of direct answers and of multiple choice. */

import { LxmertError } from '../../common/errors.js';
import { type AokvqaAnswers, readAokvqaAnswers } from '../../data/annotations/aokvqaAnnotations.js';
import { directAnswerScore } from '../../data/aokvqaScore.js';
import { formatCount } from '../../formats/numbers.js';
import { type AokvqaPredictions, readAokvqaPredictions } from './aokvqaPredictions.js';
import { Coverage, type CoverageCounts, type CoverageRules, type NotComputed } from './coverage.js';
import { namesOfFiles, readTogether, type SourceFiles } from './sourceFiles.js';
import { Tally } from './tally.js';

/** The official scores of a file of predictions, each from 0 to 1; null for what the predictions do not have. */
export interface AokvqaScores extends CoverageCounts {
  /** Questions that were scored. */
  readonly numQuestions: number;
  /** Those among them that count for direct answers. */
  readonly numDirect: number;
  readonly directAnswer: number | null;
  readonly multipleChoice: number | null;
  readonly notComputed: readonly NotComputed[];
  /** What a person should know of the files, in sentences. */
  readonly notes: readonly string[];
}

/** Scores predictions while questions go by. */
class AokvqaScorer {
  private readonly coverage: Coverage;
  private readonly direct = new Tally();
  private readonly choice = new Tally();
  private numQuestions = 0;
  private numDirect = 0;
  private numNoChoice = 0;
  private readonly numWithout = { direct: 0, choice: 0 };
  private readonly hasDirect: boolean;
  private readonly hasChoices: boolean;

  /** @param file the questions, for errors */
  constructor(
    private readonly predictions: AokvqaPredictions,
    private readonly file: string,
    private readonly rules: CoverageRules,
  ) {
    this.coverage = new Coverage(predictions.table, file, rules);
    this.hasDirect = predictions.direct.some((each) => each !== undefined);
    this.hasChoices = predictions.choices.some((each) => each !== undefined);
  }

  /** @throws LxmertError for a question without answers, or one that was there before */
  add({ questionId, choices, correctChoice, directAnswers, isDifficult }: AokvqaAnswers): void {
    if (directAnswers === undefined || correctChoice === undefined) {
      throw new LxmertError(
        `${this.file}: the question ${questionId} has no answers, as in the test split, which only the leaderboard can score.`,
      );
    }
    const index = this.coverage.take(questionId);
    if (index === undefined && this.rules.missing === 'skip') return;
    this.numQuestions++;
    const answer = index === undefined ? undefined : this.predictions.direct[index];
    const chosen = index === undefined ? undefined : this.predictions.choices[index];
    if (!isDifficult) {
      this.numDirect++;
      this.direct.add(answer === undefined ? 0 : directAnswerScore(answer, directAnswers));
      if (index !== undefined && answer === undefined) this.numWithout.direct++;
    }
    this.choice.add(Number(chosen === correctChoice));
    if (index === undefined) return;
    if (chosen === undefined) this.numWithout.choice++;
    else if (!choices.includes(chosen)) this.numNoChoice++;
  }

  /** @throws LxmertError when questions and predictions do not meet and the rules do not allow it */
  finish(): AokvqaScores {
    const counts = this.coverage.finish();
    const { hasDirect, hasChoices } = this;
    const notComputed: NotComputed[] = [];
    if (!hasDirect)
      notComputed.push({ metric: 'direct answers', needs: "'direct_answer' in the predictions" });
    if (!hasChoices)
      notComputed.push({ metric: 'multiple choice', needs: "'multiple_choice' in the predictions" });
    return {
      numQuestions: this.numQuestions,
      numDirect: this.numDirect,
      ...counts,
      directAnswer: hasDirect ? this.direct.mean : null,
      multipleChoice: hasChoices ? this.choice.mean : null,
      notComputed,
      notes: [...this.predictions.table.notes, ...this.coverage.notes, ...this.ownNotes()],
    };
  }

  private ownNotes(): string[] {
    const { numWithout, numNoChoice } = this;
    const notes: string[] = [];
    const without = (count: number, key: string): void => {
      if (count > 0)
        notes.push(
          `${formatCount(count, 'prediction')} without '${key}', counted as wrong as the official program does.`,
        );
    };
    if (this.hasDirect) without(numWithout.direct, 'direct_answer');
    if (this.hasChoices) without(numWithout.choice, 'multiple_choice');
    if (numNoChoice > 0) {
      notes.push(
        `${numNoChoice} of the answers to multiple choice ${numNoChoice === 1 ? 'is' : 'are'} none of the question's choices, and wrong.`,
      );
    }
    return notes;
  }
}

export interface AokvqaSources extends CoverageRules {
  /** File of predictions. */
  readonly predictions: string;
  /** Official questions with answers, or those that `lxmert prepare aokvqa` wrote; several files are taken together. */
  readonly annotations: SourceFiles;
  /** Aborting stops the reading with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Scores A-OKVQA predictions.
 *
 * @throws LxmertError for a file that is not as expected, or predictions that do not meet the questions
 */
export async function scoreAokvqaFiles({
  predictions,
  annotations,
  signal,
  ...rules
}: AokvqaSources): Promise<AokvqaScores> {
  const scorer = new AokvqaScorer(await readAokvqaPredictions(predictions), namesOfFiles(annotations), rules);
  for await (const question of readTogether(annotations, readAokvqaAnswers, signal)) scorer.add(question);
  return scorer.finish();
}
