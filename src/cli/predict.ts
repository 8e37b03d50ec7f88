/** @file `lxmert predict TASK`: what the predicting commands of all tasks share. */

import { z } from 'zod';
import type { AnsweringTask } from '../tasks/answeringTask.js';
import { predictToFile } from '../tasks/predictToFile.js';
import { answerFileOptions, withAnsweringModel } from './answerFile.js';
import { type Command, defineCommand, type Example } from './command.js';
import { existingFile, outputPath } from './options.js';
import { predictingTeam } from './predictingTeam.js';

/** The command of a task. */
export function predictCommand(
  task: AnsweringTask,
  help: { readonly description: string; readonly examples: readonly [Example, ...Example[]] },
): Command {
  return defineCommand({
    ...help,
    arguments: z.strictObject({ questions: existingFile().describe('Examples (JSON)') }),
    options: z.strictObject({
      output: outputPath().describe('File to write'),
      ...answerFileOptions(task),
      distributedTimeout: z
        .number()
        .gt(0)
        .default(600)
        .describe('Seconds that a process waits for the others, when there are several'),
    }),
    run: async ({ arguments: { questions: file }, options, progress, signal, ...context }) => {
      const { batchSize, output } = options;
      using team = await predictingTeam(task, options, signal);
      const isFirst = team === undefined || team.rank === 0;
      const notice = isFirst ? context.notice : () => undefined;
      return await withAnsweringModel(task, options, { notice }, async (answering, store) => {
        const display = isFirst ? progress('Answering', 'examples') : undefined;
        const written = await predictToFile(answering, store, () => task.read(file), task.dump, output, {
          batchSize,
          team,
          signal,
          ...(display && { progress: display }),
        }).finally(() => display?.stop());
        return { output, isFirst, ...written };
      });
    },
    render: (result) =>
      !result.isFirst
        ? ''
        : `Wrote ${result.numAnswers} answers to ${result.output}.` +
          (result.numWithoutImage > 0
            ? ` ${result.numWithoutImage} questions have no image features and no answer.`
            : ''),
  });
}
