/** @file A task whose examples have choices: the answer is one of them. */

import type { Question } from '../data/annotations/question.js';
import type { AnswerTable } from '../data/answerTable.js';
import { placeOfChoice } from '../data/choicePlaces.js';
import { formatCount } from '../formats/numbers.js';
import { bestChoices } from './choices.js';
import type { ProbabilityRows } from './probabilityRows.js';
import type { Prediction, Task } from './task.js';

/** A task with choices, and what became of those that the model does not know. */
export interface ChoiceTask {
  readonly task: Task;
  /** Lines for a person, once predictions were made. */
  notices(): string[];
}

/** Choices that a notice names. */
const MAX_NAMED = 5;

type PredictionsOf<Values> = (
  probabilities: Readonly<Record<string, Values>>,
  answerTable: AnswerTable,
  examples: readonly Question[],
) => readonly Prediction[];

/** @param choicesOf those of an example, one or more @throws what it throws */
export function withChoices(task: Task, choicesOf: (example: Question) => readonly string[]): ChoiceTask {
  const unknown = new Set<string>();
  let numUnknown = 0;
  /** The answer is one of the choices; whatever else the task says of an example stays. */
  const choosing =
    <Values extends ProbabilityRows>(predictionsOf: PredictionsOf<Values>): PredictionsOf<Values> =>
    (probabilities, answerTable, examples) => {
      const predictions = predictionsOf(probabilities, answerTable, examples);
      const choices = examples.map(choicesOf);
      for (const ofExample of choices) {
        const strange = ofExample.filter((choice) => placeOfChoice(answerTable, choice) === undefined);
        for (const choice of strange) unknown.add(choice);
        if (strange.length === ofExample.length) numUnknown++;
      }
      const best = bestChoices(probabilities.answer!, answerTable, choices);
      return predictions.map((each, row) => ({ ...each, ...best[row] }));
    };
  const { predictions, plainPredictions } = task;
  return {
    task: {
      ...task,
      predictions: choosing(predictions),
      ...(plainPredictions && { plainPredictions: choosing(plainPredictions) }),
    },
    notices: () => {
      if (unknown.size === 0) return [];
      const named = [...unknown].slice(0, MAX_NAMED).map((choice) => `'${choice}'`);
      const more = unknown.size > named.length ? ', ...' : '';
      return [
        `${formatCount(unknown.size, 'choice')} not among the model's answers, so never chosen before one that is: ${named.join(', ')}${more}.`,
        ...(numUnknown === 0
          ? []
          : [`Of ${formatCount(numUnknown, 'example')} no choice is among them; the first is written.`]),
      ];
    },
  };
}
