/** @file What a model says of an example. */

/** What a model says of one example, as plain values: they travel between processes as JSON. */
export interface Prediction {
  readonly answer: string;
  /** Of that answer, 0 to 1. */
  readonly probability: number;
}

/** An answer that a model gives, or one of the choices that it was given. */
export interface RankedAnswer extends Prediction {
  /** Of a choice: its part of the probabilities of all choices, 0 to 1. */
  readonly share?: number | undefined;
  /** Of a choice: false when the model's table of answers does not have it; its probability is then 0. */
  readonly isKnown?: boolean | undefined;
}

/** Which answers are asked for. */
export interface WantedAnswers {
  /** The most probable; of choices, which are then all there are. */
  readonly topK: number;
  /** These alone. */
  readonly choices?: readonly string[] | undefined;
}
