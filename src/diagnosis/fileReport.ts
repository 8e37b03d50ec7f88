/** @file What is found about one file or folder, and what of it is compared with the other files. */

import { formatNumber } from '../formats/numbers.js';

/** What is said of one file or folder. */
export interface FileReport {
  readonly path: string;
  /** As it stands after the path: `an obj36 TSV file of region features`. */
  readonly what: string;
  /** Counts, sizes and ranges in a line each. */
  readonly facts: readonly string[];
  /** What looks wrong, in whole sentences. */
  readonly problems: readonly string[];
  /** Which command takes it, in whole sentences; undefined where nothing is to be said. */
  readonly wayOn: string | undefined;
  /** For the comparison with other files. */
  readonly traits: Traits;
}

/** Ids or answers that a file has: all, or those of the part that was looked at. */
export interface Names {
  readonly names: ReadonlySet<string>;
  readonly isAll: boolean;
}

/** What can be compared. Each part is absent where the file has none of it. */
export interface Traits {
  /** Images that there are features of. */
  readonly featureImages?: Names;
  readonly featureSize?: number;
  /** SHA-256 of the detector's weights that the features' file states. */
  readonly detectorSha256?: string;
  /** Images that questions or examples are about. */
  readonly questionImages?: Names;
  readonly questionIds?: Names;
  /** Answers that labels have. */
  readonly labels?: Names;
  /** Ids of the questions that predictions answer. */
  readonly predictedIds?: Names;
  /** Ids of official annotations or of questions with answers, which predictions are scored against. */
  readonly answeredIds?: Names;
  /** An answer table, in the head's order. */
  readonly answers?: readonly string[];
  /** Answers of a model's head. */
  readonly numAnswers?: number;
  readonly numWordPieces?: number;
  /** Rows of a model's word embeddings. */
  readonly numWordEmbeddings?: number;
  /** Values of a region that a model reads. */
  readonly modelFeatureSize?: number;
  readonly isDetector?: boolean;
  readonly form?: string;
}

/** A report with defaults for what there is not. */
export function report(
  path: string,
  what: string,
  rest: Partial<Omit<FileReport, 'path' | 'what'>> = {},
): FileReport {
  return { path, what, facts: [], problems: [], wayOn: undefined, traits: {}, ...rest };
}

/** A few names for a sentence: `a, b, c and 12 more`. */
export function someOf(names: Iterable<string>, numShown = 3): string {
  const all = [...names];
  const shown = all.slice(0, numShown).map((name) => (name.length > 60 ? `${name.slice(0, 60)}...` : name));
  return all.length > numShown
    ? `${shown.join(', ')} and ${formatNumber(all.length - numShown)} more`
    : shown.join(', ');
}

/** `1 question`, `214,354 questions`. */
export function countOf(count: number, noun: string): string {
  return `${formatNumber(count)} ${noun}${count === 1 ? '' : 's'}`;
}
