/** @file Which answers a model takes for which, and where it is surest and wrong. */

import type { Question } from '../data/annotations/question.js';
import type { Prediction } from './prediction.js';

/** A question that was answered wrong. */
export interface WrongAnswer {
  readonly questionId: number | string;
  readonly question: string;
  readonly imageIds: readonly string[];
  /** All answers that count, the best first. */
  readonly expected: readonly string[];
  readonly answer: string;
  readonly probability: number;
}

export interface Mistakes {
  /** The most frequent expected answers, and how often each of them was answered where each was expected. */
  readonly confusion: {
    readonly answers: readonly string[];
    /** A row for each expected answer: a column for each answer, and one for all others. */
    readonly counts: readonly (readonly number[])[];
  };
  /** The surest wrong answers, the surest first. */
  readonly surestWrong: readonly WrongAnswer[];
}

/** Answers that a table on a page has room for. */
const NUM_ANSWERS = 10;
const NUM_WRONG = 24;

/**
 * Looks through the predictions of labelled examples. An answer is wrong when it has no score at all; what is expected of an
 * example with several answers is the best of them.
 *
 * @returns undefined where no example is labelled
 */
export function mistakesOf(
  examples: readonly Question[],
  predictions: readonly Prediction[],
): Mistakes | undefined {
  const judged = examples.flatMap((example, i) => {
    const prediction = predictions[i];
    const expected = [...(example.labels ?? [])]
      .filter(([, score]) => score > 0)
      .sort(([, a], [, b]) => b - a)
      .map(([answer]) => answer);
    return expected.length === 0 || prediction === undefined ? [] : [{ example, prediction, expected }];
  });
  if (judged.length === 0) return undefined;
  const wrong = judged
    .filter(({ prediction, expected }) => !expected.includes(prediction.answer))
    .sort((a, b) => b.prediction.probability - a.prediction.probability)
    .slice(0, NUM_WRONG);
  return {
    confusion: confusionOf(
      judged.map(({ prediction, expected }) => ({
        // Any answer that counts is the expected one.
        expected: expected.includes(prediction.answer) ? prediction.answer : (expected[0] as string),
        answered: prediction.answer,
      })),
    ),
    surestWrong: wrong.map(({ example, prediction, expected }) => ({
      questionId: example.questionId,
      question: example.sentence,
      imageIds: example.imageIds,
      expected,
      answer: prediction.answer,
      probability: prediction.probability,
    })),
  };
}

function confusionOf(
  pairs: readonly { readonly expected: string; readonly answered: string }[],
): Mistakes['confusion'] {
  const frequencies = new Map<string, number>();
  for (const { expected } of pairs) frequencies.set(expected, (frequencies.get(expected) ?? 0) + 1);
  const answers = [...frequencies]
    .sort(([, a], [, b]) => b - a)
    .slice(0, NUM_ANSWERS)
    .map(([answer]) => answer);
  const places = new Map(answers.map((answer, place) => [answer, place]));
  const counts = answers.map(() => new Array<number>(answers.length + 1).fill(0));
  for (const { expected, answered } of pairs) {
    const row = counts[places.get(expected) ?? -1];
    const column = places.get(answered) ?? answers.length;
    if (row !== undefined) row[column] = (row[column] ?? 0) + 1;
  }
  return { answers, counts };
}
