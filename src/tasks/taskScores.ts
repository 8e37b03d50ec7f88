/** @file How good predictions are: one number that decides, others beside it, and tables by kind. */

/** The mean score of one kind of example. */
export interface TypeScore {
  readonly type: string;
  /** Mean, 0 to 1. */
  readonly score: number;
  readonly numQuestions: number;
}

/** Scores of one split by the kinds that its examples state. */
export interface ScoreTable {
  /** By which JSON calls it, such as `byAnswerType`. */
  readonly key: string;
  /** "By answer type". */
  readonly title: string;
  readonly rows: readonly TypeScore[];
}

export interface TaskScores {
  /** What decides which weights are the best, 0 to 1. */
  readonly overall: number;
  /** Labelled examples, which are what counts. */
  readonly numQuestions: number;
  /** What `overall` is, for a person: "Accuracy". */
  readonly title: string;
  /** Further measures, by the key that JSON calls them; null for one that the split does not allow. */
  readonly measures: Readonly<Record<string, Measure>>;
  readonly tables: readonly ScoreTable[];
}

export interface Measure {
  /** For a person: "Average precision of answerability". */
  readonly title: string;
  /** 0 to 1. */
  readonly value: number | null;
}
