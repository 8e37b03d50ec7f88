/** @file What tasks share in which one head chooses an answer from a table: VQA, GQA, NLVR2, data of one's own. */

import type { Question } from '../data/annotations/question.js';
import { scoreAnswers } from '../data/answerScore.js';
import type { AnswerTable } from '../data/answerTable.js';
import { ANSWER_LOSSES, probabilitiesOf } from './losses.js';
import { bestAnswers } from './probabilities.js';
import type { ProbabilityRows } from './probabilityRows.js';
import type { Prediction, Task, TaskDefaults, TaskHead } from './task.js';
import type { ScoreTable, TaskScores } from './taskScores.js';

/** The head that chooses an answer, by the reference's names (`logit_fc` in its fine-tuned files). */
export const ANSWER_HEAD: TaskHead<'answer'> = {
  name: 'answer',
  prefix: 'answer_head',
  form: 'mlp',
  size: 'answers',
};

/** The paper's settings of fine-tuning where tasks do not differ (section 4.3; its scripts). */
export const FINETUNING_DEFAULTS: TaskDefaults = {
  learningRate: 5e-5,
  batchSize: 32,
  numEpochs: 4,
  warmupRatio: 0.1,
  clipNorm: 5,
  // The reference evaluates 1,024 at once on a GPU; the size changes no result, and smaller stays in the caches.
  evaluationBatchSize: 256,
};

/** What tells a task of this kind from others. */
export type AnsweringTaskDefinition = Pick<
  Task<Question, Prediction, 'answer'>,
  | 'name'
  | 'title'
  | 'imagesPerExample'
  | 'read'
  | 'answers'
  | 'answersInOneSpelling'
  | 'unknownAnswers'
  | 'loss'
  | 'dump'
  | 'score'
  | 'help'
> & { readonly defaults?: Partial<TaskDefaults> };

/** A task whose only head chooses an answer. */
export function answeringTask(definition: AnsweringTaskDefinition): Task<Question, Prediction, 'answer'> {
  const predictions = ({ answer }: Readonly<Record<'answer', ProbabilityRows>>, answerTable: AnswerTable) =>
    bestAnswers(answer, answerTable);
  return {
    ...definition,
    heads: [ANSWER_HEAD],
    defaults: { ...FINETUNING_DEFAULTS, ...definition.defaults },
    targets: (examples, answerTable) => ({ answer: answerTargets(examples, answerTable) }),
    trainingLoss: (logits, targets, loss) => ANSWER_LOSSES[loss](logits.answer, targets.answer),
    activations: (loss) => ({ answer: probabilitiesOf(loss) }),
    predictions,
    plainPredictions: predictions,
    scores: answerTaskScores,
  };
}

/** Soft scores of the labels, (B, answers) row-major; 0 where there is no label, and for answers outside the table. */
export function answerTargets(examples: readonly Question[], answerTable: AnswerTable): Float32Array {
  const { size } = answerTable;
  const targets = new Float32Array(examples.length * size);
  for (const [row, { labels }] of examples.entries()) {
    for (const [answer, score] of labels ?? []) {
      const column = answerTable.indexOf(answer);
      if (column !== undefined) targets[row * size + column] = score;
    }
  }
  return targets;
}

/** The reference's soft accuracy, over all and by the kinds that the examples state. */
export function answerTaskScores(
  examples: readonly Question[],
  predictions: readonly Prediction[],
): TaskScores {
  const scores = scoreAnswers(
    examples,
    predictions.map(({ answer }) => answer),
  );
  const table = (key: string, title: string, rows: typeof scores.byAnswerType): ScoreTable => ({
    key,
    title,
    rows: [...rows].map(([type, { score, numQuestions }]) => ({ type, score, numQuestions })),
  });
  return {
    overall: scores.overall,
    numQuestions: scores.numQuestions,
    title: 'Accuracy',
    measures: {},
    tables: [
      table('byAnswerType', 'By answer type', scores.byAnswerType),
      table('byQuestionType', 'By question type', scores.byQuestionType),
    ],
  };
}
