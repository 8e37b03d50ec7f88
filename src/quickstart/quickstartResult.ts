/** @file What the quickstart comes to: accuracy beside yardsticks, examples, curves. */

import type { EpochMetrics, RankedAnswer } from '../tasks/index.js';
import type { StepMetrics } from '../train/index.js';

/** Accuracy on one kind of question, or on all. */
export interface AccuracyRow {
  readonly split: string;
  readonly kind: string;
  readonly numQuestions: number;
  readonly model: number;
  readonly questionOnly: number;
  readonly majority: number;
}

/** A held-out question with what the model answered. */
export interface AnsweredExample {
  readonly image: string;
  readonly question: string;
  /** Every accepted answer, the best first. */
  readonly expected: readonly string[];
  readonly answers: readonly RankedAnswer[];
}

export interface QuickstartResult {
  readonly folder: string;
  readonly runFolder: string;
  readonly seconds: number;
  readonly numParameters: number;
  readonly accuracy: readonly AccuracyRow[];
  readonly examples: readonly AnsweredExample[];
  readonly steps: readonly StepMetrics[];
  readonly epochs: readonly EpochMetrics[];
  /** Of the run, with those of earlier starts. */
  readonly numSteps: number;
  /** There are weights of an epoch that scored above 0. */
  readonly hasLearned: boolean;
  readonly wasInterrupted: boolean;
  /** The web page; absent when the run was interrupted. */
  readonly report: string | undefined;
}
