/** @file What a model says of an example. */

/** What a model says of one example, as plain values: they travel between processes as JSON. */
export interface Prediction {
  readonly answer: string;
  /** Of that answer, 0 to 1. */
  readonly probability: number;
}
