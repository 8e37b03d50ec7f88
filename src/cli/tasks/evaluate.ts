/** @file `lxmert evaluate TASK`, made from a task. */

import { z } from 'zod';
import { spelledAsInTable } from '../../data/answerSpelling.js';
import { QuestionSet } from '../../data/questionSet.js';
import { formatCount, formatPercent } from '../../formats/numbers.js';
import {
  predictExamples,
  readExamples,
  SentenceCensus,
  type Task,
  type TaskScores,
} from '../../tasks/index.js';
import { type Command, defineCommand } from '../command.js';
import { existingFile } from '../options.js';
import { leftOutLimit, leftOutOption } from '../sharedOptions/leftOutOption.js';
import { taskModelOptions, withTaskModel } from './withTaskModel.js';

/** The command of a task. */
export function evaluateCommand(task: Task): Command {
  return defineCommand({
    ...task.help.evaluate,
    needsLibtorch: true,
    arguments: z.strictObject({ questions: existingFile().describe('Examples with labels (JSON)') }),
    options: z.strictObject({
      ...taskModelOptions(task),
      ...leftOutOption(0),
      ...task.evaluateModel?.flags,
    }),
    run: ({ arguments: { questions: file }, options, progress, signal, ...context }) =>
      withTaskModel(task, options, context, async (predictor, store) => {
        const read = await readExamples(task, [file]);
        const { examples: questions, notices } =
          task.answersInOneSpelling === true
            ? spelledAsInTable(read, predictor.answerTable)
            : { examples: read, notices: [] };
        const set = new QuestionSet({
          questions,
          notices,
          hasImage: (id) => store.has(id),
          imageIds: store.imageIds,
          maxLeftOut: leftOutLimit(options),
          needsLabels: true,
          answerTable: predictor.answerTable,
          // An answer that the model cannot give costs its score, as in the reference's evaluation.
          unknownAnswers: 'skip',
          name: file,
        });
        const census = new SentenceCensus(predictor);
        for (const question of set.questions) census.add(question);
        const examples = task.evaluated?.(set.questions) ?? set.questions;
        const display = progress('Answering', 'examples');
        const predictions = await predictExamples(task, predictor, store, examples, {
          batchSize: options.batchSize,
          progress: display,
          signal,
        }).finally(() => display.stop());
        const { batchSize } = options;
        const { notice } = context;
        const further = await task.evaluateModel?.run(
          { predictor, source: store, examples: set.questions, batchSize, progress, notice, signal },
          options,
        );
        return {
          weights: predictor.weightsFiles,
          leftOut: set.leftOut.counts,
          sentences: census.counts,
          notices: [...set.notices, ...census.notices],
          scores: task.scores(examples, predictions),
          further,
        };
      }),
    json: ({ weights, leftOut, sentences, scores, further }) => ({
      weights,
      numQuestions: scores.numQuestions,
      ...leftOut,
      ...sentences,
      accuracy: scores.overall,
      ...Object.fromEntries(Object.entries(scores.measures).map(([key, { value }]) => [key, value])),
      ...Object.fromEntries(scores.tables.map(({ key, rows }) => [key, rows])),
      ...further,
    }),
    render: (result) =>
      [
        ...scoreLines(result),
        ...(result.further === undefined ? [] : (task.evaluateModel?.render(result.further) ?? [])),
      ].join('\n'),
  });
}

interface Evaluated {
  readonly weights: readonly string[];
  /** A line for each reason why examples were left out, and for sentences that were cut or are empty. */
  readonly notices: readonly string[];
  readonly scores: TaskScores;
}

function scoreLines({ weights, notices, scores }: Evaluated): string[] {
  const lines = [
    `${scores.title} ${formatPercent(scores.overall)} over ${formatCount(scores.numQuestions, 'question')} (${weights.join(', ')}).`,
  ];
  lines.push(...notices);
  for (const { title, value } of Object.values(scores.measures)) {
    lines.push(`${title} ${value === null ? 'cannot be computed here' : formatPercent(value)}.`);
  }
  for (const { title, rows } of scores.tables) {
    // A data set without types has one that is not stated: the same number again.
    if (rows.every(({ type }) => type === '')) continue;
    lines.push('', title);
    for (const row of rows) {
      lines.push(
        `  ${(row.type || '(none)').padEnd(28)}${formatPercent(row.score).padStart(9)}  of ${row.numQuestions}`,
      );
    }
  }
  return lines;
}
