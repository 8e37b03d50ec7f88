/** @file Where a run's numbers go: metrics.jsonl for programs, an event file for TensorBoard, scores for the report. */

import type { AnswerScores } from '../data/answerScore.js';
import { RUN_FILES, type RunFolder } from './runFolder.js';
import { EventFile } from './tensorBoard/eventFile.js';
import type { EpochMetrics, StepMetrics } from './trainingLoop.js';

export class RunLog implements Disposable {
  /** None in a process that does not write the run. */
  readonly #events: EventFile | undefined;

  /**
   * @param numBatches steps of an epoch
   * @param numStepsDone steps before this start, of a run that goes on
   */
  constructor(
    readonly run: RunFolder,
    readonly numBatches: number,
    numStepsDone: number,
  ) {
    this.#events = run.isOurs ? EventFile.create(run.path, { numStepsDone }) : undefined;
  }

  step(metrics: StepMetrics): void {
    this.run.metrics(metrics);
    const { step } = metrics;
    this.#events?.scalar('train/loss', metrics.loss, step);
    this.#scalars('train/loss', metrics.losses, step);
    this.#events?.scalar('train/gradient_norm', metrics.gradientNorm, step);
    this.#events?.scalar('train/learning_rate', metrics.learningRate, step);
    this.#events?.scalar('train/examples_per_second', metrics.examplesPerSecond, step);
    this.#events?.scalar('train/data_wait_share', metrics.dataWaitShare, step);
    this.#events?.scalar('train/resident_bytes', metrics.residentBytes, step);
    this.#events?.flush();
  }

  epoch(metrics: EpochMetrics): void {
    this.run.metrics(metrics);
    const step = (metrics.epoch + 1) * this.numBatches;
    this.#events?.scalar('train/epoch_loss', metrics.meanLoss, step);
    this.#scalars('train/epoch_loss', metrics.meanLosses, step);
    this.#events?.scalar('valid/score', metrics.score, step);
    this.#scalars('valid', metrics.validation, step);
    this.#events?.flush();
  }

  #scalars(prefix: string, values: Readonly<Record<string, number>> | undefined, step: number): void {
    for (const [name, value] of Object.entries(values ?? {})) {
      this.#events?.scalar(`${prefix}/${name}`, value, step);
    }
  }

  /** The scores of the best weights so far, by type of question and answer. */
  async bestScores({ overall, numQuestions, byQuestionType, byAnswerType }: AnswerScores): Promise<void> {
    const rows = (scores: AnswerScores['byQuestionType']) =>
      [...scores].map(([type, { score, numQuestions: count }]) => ({ type, score, numQuestions: count }));
    await this.run.writeJson(RUN_FILES.scores, {
      overall,
      numQuestions,
      byQuestionType: rows(byQuestionType),
      byAnswerType: rows(byAnswerType),
    });
  }

  [Symbol.dispose](): void {
    this.#events?.close();
  }
}
