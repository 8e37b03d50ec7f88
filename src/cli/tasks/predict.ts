/** @file `lxmert predict TASK`, made from a task. */

import { z } from 'zod';
import { formatCount } from '../../formats/numbers.js';
import { predictToFile, type Task } from '../../tasks/index.js';
import { type Command, defineCommand } from '../command.js';
import { areExported } from '../exportedModel.js';
import { leftOutLimit, leftOutOption } from '../leftOutOption.js';
import { askedModelsOption } from '../modelOptions.js';
import { existingFile, outputPath } from '../options.js';
import { predictExported } from './predictExported.js';
import { predictionProcessGroup } from './predictionProcessGroup.js';
import { taskModelOptions, withTaskModel } from './withTaskModel.js';

const topOption = {
  top: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe('Write so many answers of each example with their probabilities, the most probable first'),
};

function askedTask(task: Task, options: object): Task {
  const top = 'top' in options && typeof options.top === 'number' ? options.top : undefined;
  return top === undefined ? task : (task.withTop?.(top) ?? task);
}

/** The command of a task. */
export function predictCommand(task: Task): Command {
  return defineCommand({
    ...task.help.predict,
    arguments: z.strictObject({ questions: existingFile().describe('Examples (JSON)') }),
    options: z.strictObject({
      output: outputPath().describe('File to write'),
      ...taskModelOptions(task),
      model: askedModelsOption,
      ...leftOutOption(0),
      ...(task.withTop === undefined ? {} : topOption),
      distributedTimeout: z
        .number()
        .gt(0)
        .default(600)
        .describe('Seconds that a process waits for the others, when there are several')
        .meta({ valueName: 'SECONDS' }),
    }),
    run: async ({ arguments: { questions: file }, options, progress, signal, ...context }) => {
      const asked = askedTask(task, options);
      const { batchSize, output } = options;
      const shared = { batchSize, name: file, maxLeftOut: leftOutLimit(options), signal };
      if (areExported(options.model)) {
        const display = progress('Answering', 'examples');
        const { notice } = context;
        const written = await predictExported(asked, options, file, output, {
          ...shared,
          progress: display,
          notice,
        }).finally(() => display.stop());
        return { output, isFirst: true, ...written };
      }
      using processGroup = await predictionProcessGroup(task, options, signal);
      const isFirst = processGroup === undefined || processGroup.rank === 0;
      const notice = isFirst ? context.notice : () => undefined;
      return await withTaskModel(asked, options, { notice }, async (predictor, store) => {
        const display = isFirst ? progress('Answering', 'examples') : undefined;
        const written = await predictToFile(asked, predictor, store, () => asked.read(file), output, {
          ...shared,
          processGroup,
          ...(display && { progress: display }),
        }).finally(() => display?.stop());
        return { output, isFirst, ...written };
      });
    },
    json: ({ notices: _, ...counts }) => counts,
    render: ({ isFirst, numAnswers, output, notices }) =>
      isFirst ? [`Wrote ${formatCount(numAnswers, 'answer')} to ${output}.`, ...notices].join('\n') : '',
  });
}
