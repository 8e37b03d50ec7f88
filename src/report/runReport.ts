/** @file What a report on a run says: the facts, curves, accuracies and examples that the page shows. */

import type { Mistakes } from '../tasks/index.js';

export interface RunReport {
  readonly title: string;
  readonly subtitle: string;
  /** Short facts of the run, in the order they are shown. */
  readonly facts: readonly ReportFact[];
  readonly curves: readonly ReportCurve[];
  readonly accuracy: ReportAccuracy;
  readonly examples: readonly ReportExample[];
  /** Which answers are taken for which, and the surest that are wrong. */
  readonly mistakes?: Mistakes | undefined;
  /** Questions that were answered wrong, with their pictures; in place of the list of {@link mistakes}. */
  readonly wrongExamples?: readonly ReportExample[];
  /** Several runs beside each other. */
  readonly comparisons?: readonly ReportComparison[];
  /** Sentences that help to read the numbers. */
  readonly notes: readonly string[];
  /** Command lines to try next. */
  readonly commands: readonly string[];
  /** Sentences on what is missing or damaged; they stand at the top. */
  readonly problems?: readonly string[];
  readonly configuration?: readonly ReportGroup[];
  /** Lines of the log, in order. */
  readonly log?: readonly string[];
}

export interface ReportFact {
  readonly label: string;
  readonly value: string;
}

/** Settings that belong together; an empty title is not shown. */
export interface ReportGroup {
  readonly title: string;
  readonly lines: readonly ReportFact[];
}

/** One chart. Series may have points at different x. */
export interface ReportCurve {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly ReportSeries[];
}

export interface ReportSeries {
  readonly name: string;
  /** Pairs of x and y in any order. A y that is not finite is a gap in the line; of two points with one x the later one counts. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface ReportAccuracy {
  readonly caption: string;
  /** What was measured: the model first, then the yardsticks it is compared with. */
  readonly columns: readonly string[];
  /** Columns of models; the others are yardsticks. Default 1. */
  readonly numModels?: number;
  readonly rows: readonly ReportAccuracyRow[];
}

export interface ReportAccuracyRow {
  readonly label: string;
  /** One for each column: a fraction from 0 to 1, or null where nothing was measured. */
  readonly values: readonly (number | null)[];
  readonly numQuestions: number;
}

/** A question about an image with the expected answer and the model's. */
export interface ReportExample {
  /** `data:image/...;base64,...` of a PNG, JPEG, WebP or GIF. */
  readonly imageDataUri: string;
  /** Size in pixels of the image that the boxes are measured in. */
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly ReportBox[];
  readonly question: string;
  /** The expected answer, or all that count as right. */
  readonly expected: string | readonly string[];
  /** The model's answers, best first, with probabilities from 0 to 1. */
  readonly answers: readonly { readonly answer: string; readonly probability: number }[];
  readonly isCorrect: boolean;
  /** The address of a page beside this one that shows what the answer was found in. */
  readonly explanation?: string;
}

/** A table of texts: a column for each run. */
export interface ReportComparison {
  readonly title: string;
  /** A sentence above it. */
  readonly lead: string;
  readonly columns: readonly string[];
  /** Null where a run has nothing of the kind. */
  readonly rows: readonly { readonly label: string; readonly values: readonly (string | null)[] }[];
}

/** A region of the image: corners in pixels from the top left. */
export interface ReportBox {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
  readonly label?: string;
}
