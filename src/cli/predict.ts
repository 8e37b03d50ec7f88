/** @file `lxmert predict TASK`: what the predicting commands of all tasks share. */

import { z } from 'zod';
import type { AnsweringTask } from '../tasks/answeringTask.js';
import { predictToFile } from '../tasks/predictToFile.js';
import { answerFileOptions, withAnsweringModel } from './answerFile.js';
import { type Command, defineCommand, type Example } from './command.js';
import { existingFile, outputPath } from './options.js';

/** The command of a task. */
export function predictCommand(
  task: AnsweringTask,
  help: { readonly description: string; readonly examples: readonly [Example, ...Example[]] },
): Command {
  return defineCommand({
    ...help,
    arguments: z.strictObject({ questions: existingFile().describe('Examples (JSON)') }),
    options: z.strictObject({ output: outputPath().describe('File to write'), ...answerFileOptions(task) }),
    run: ({ arguments: { questions: file }, options, progress, signal, ...context }) =>
      withAnsweringModel(task, options, context, async (answering, store) => {
        const display = progress('Answering', 'examples');
        const { batchSize, output } = options;
        const written = await predictToFile(answering, store, () => task.read(file), task.dump, output, {
          batchSize,
          progress: display,
          signal,
        }).finally(() => display.stop());
        return { output, ...written };
      }),
    render: (result) =>
      `Wrote ${result.numAnswers} answers to ${result.output}.` +
      (result.numWithoutImage > 0
        ? ` ${result.numWithoutImage} questions have no image features and no answer.`
        : ''),
  });
}
