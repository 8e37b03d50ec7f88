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
      distributedTimeout: z
        .number()
        .gt(0)
        .default(600)
        .describe('Seconds that a process waits for the others, when there are several')
        .meta({ valueName: 'SECONDS' }),
    }),
    run: async ({ arguments: { questions: file }, options, progress, signal, ...context }) => {
      const { batchSize, output } = options;
      const shared = { batchSize, name: file, maxLeftOut: leftOutLimit(options), signal };
      if (areExported(options.model)) {
        const display = progress('Answering', 'examples');
        const { notice } = context;
        const written = await predictExported(task, options, file, output, {
          ...shared,
          progress: display,
          notice,
        }).finally(() => display.stop());
        return { output, isFirst: true, ...written };
      }
      using processGroup = await predictionProcessGroup(task, options, signal);
      const isFirst = processGroup === undefined || processGroup.rank === 0;
      const notice = isFirst ? context.notice : () => undefined;
      return await withTaskModel(task, options, { notice }, async (predictor, store) => {
        const display = isFirst ? progress('Answering', 'examples') : undefined;
        const written = await predictToFile(task, predictor, store, () => task.read(file), output, {
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
