/** @file `lxmert evaluate TASK`: what the evaluating commands of all tasks share. */

import { z } from 'zod';
import type { Question } from '../data/annotations/question.js';
import { scoreAnswers } from '../data/answerScore.js';
import { QuestionSet } from '../data/questionSet.js';
import type { AnsweringTask } from '../tasks/answeringTask.js';
import { predictAnswers } from '../tasks/predictAnswers.js';
import { answerFileOptions, withAnsweringModel } from './answerFile.js';
import { type Command, defineCommand, type Example } from './command.js';
import { percent } from './modelOptions.js';
import { existingFile } from './options.js';

/** The command of a task. */
export function evaluateCommand(
  task: AnsweringTask,
  help: { readonly description: string; readonly examples: readonly [Example, ...Example[]] },
): Command {
  return defineCommand({
    ...help,
    arguments: z.strictObject({ questions: existingFile().describe('Examples with labels (JSON)') }),
    options: z.strictObject(answerFileOptions(task)),
    run: ({ arguments: { questions: file }, options, progress, signal, ...context }) =>
      withAnsweringModel(task, options, context, async (answering, store) => {
        const questions: Question[] = [];
        for await (const question of task.read(file)) questions.push(question);
        const set = new QuestionSet({
          questions,
          hasImage: (id) => store.has(id),
          answerTable: answering.answerTable,
          // An answer that the model cannot give costs its score, as in the reference's evaluation.
          unknownAnswers: 'skip',
          name: file,
        });
        const display = progress('Answering', 'examples');
        const answers = await predictAnswers(answering, store, set.questions, {
          batchSize: options.batchSize,
          progress: display,
          signal,
        }).finally(() => display.stop());
        const scores = scoreAnswers(set.questions, answers);
        return {
          weights: answering.weightsFiles,
          numQuestions: scores.numQuestions,
          numWithoutImage: set.numWithoutImage,
          accuracy: scores.overall,
          byQuestionType: plain(scores.byQuestionType),
          byAnswerType: plain(scores.byAnswerType),
        };
      }),
    render,
  });
}

interface Evaluation {
  readonly weights: readonly string[];
  readonly numQuestions: number;
  readonly numWithoutImage: number;
  readonly accuracy: number;
  readonly byQuestionType: readonly TypeScore[];
  readonly byAnswerType: readonly TypeScore[];
}

interface TypeScore {
  readonly type: string;
  readonly score: number;
  readonly numQuestions: number;
}

function plain(
  scores: ReadonlyMap<string, { readonly score: number; readonly numQuestions: number }>,
): TypeScore[] {
  return [...scores].map(([type, { score, numQuestions }]) => ({ type, score, numQuestions }));
}

function render(result: Evaluation): string {
  const lines = [
    `Accuracy ${percent(result.accuracy)} over ${result.numQuestions} questions (${result.weights.join(', ')}).`,
  ];
  if (result.numWithoutImage > 0)
    lines.push(`Left out: ${result.numWithoutImage} questions without image features.`);
  for (const [title, rows] of [
    ['By answer type', result.byAnswerType],
    ['By question type', result.byQuestionType],
  ] as const) {
    // A data set without types has one that is not stated: the same number again.
    if (rows.every(({ type }) => type === '')) continue;
    lines.push('', title);
    for (const row of rows) {
      lines.push(
        `  ${(row.type || '(none)').padEnd(28)}${percent(row.score).padStart(9)}  of ${row.numQuestions}`,
      );
    }
  }
  return lines.join('\n');
}
