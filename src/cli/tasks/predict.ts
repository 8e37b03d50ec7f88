/** @file `lxmert predict TASK`, made from a task. */

import { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import type { Question } from '../../data/annotations/question.js';
import { formatCount } from '../../formats/numbers.js';
import { type ChoiceTask, predictToFile, type Task, withChoices } from '../../tasks/index.js';
import { checkSubmission, type SubmissionCheck, submissionTasks } from '../../tasks/submissions/index.js';
import { type Command, defineCommand } from '../command.js';
import { areExported } from '../models/exportedModel.js';
import { existingFile, outputFile } from '../options.js';
import { choicesOption } from '../sharedOptions/choicesOption.js';
import { leftOutLimit, leftOutOption } from '../sharedOptions/leftOutOption.js';
import { askedModelsOption } from '../sharedOptions/modelOptions.js';
import { renderCheck } from '../submissionReport.js';
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

const choiceOptions = {
  choices: choicesOption
    .optional()
    .describe('Answer every example with one of these, as in multiple choice: "yes, no, maybe"'),
  ownChoices: z
    .boolean()
    .default(false)
    .describe("Answer each example with one of its own choices (a list under its key 'choices')"),
};

const checkOption = {
  check: z
    .boolean()
    .default(false)
    .describe('Say what a test server would refuse in the file that was written, against the examples'),
};

/** Of tasks whose answers come from a table; A-OKVQA's own file has both answers. */
function takesChoices({ name, heads, answers }: Task): boolean {
  return name !== 'aokvqa' && typeof answers === 'string' && heads.some((head) => head.name === 'answer');
}

/** The task as the flags want it. @throws UsageError for flags that contradict each other */
function askedTask(task: Task, options: object): ChoiceTask {
  const { top, choices, ownChoices = false }: AskedOptions = options;
  const named = [top !== undefined && '--top', choices && '--choices', ownChoices && '--own-choices'];
  const given = named.filter((flag) => typeof flag === 'string');
  if (given.length > 1)
    throw new UsageError(`${given.join(' and ')} contradict each other: give one of them.`);
  if (choices !== undefined) return withChoices(task, () => choices);
  if (ownChoices) return withChoices(task, ownChoicesOf);
  return { task: top === undefined ? task : (task.withTop?.(top) ?? task), notices: () => [] };
}

/** Which of them there are depends on the task. */
type AskedOptions = Partial<z.output<z.ZodObject<typeof topOption & typeof choiceOptions>>>;

function ownChoicesOf({ questionId, choices }: Question): readonly string[] {
  if (choices !== undefined) return choices;
  throw new UsageError(
    `The example ${questionId} has no choices: a list of texts under its key 'choices'. --choices names some for all examples.`,
  );
}

/** The command of a task. */
export function predictCommand(task: Task): Command {
  const ofServer = submissionTasks.find((each) => each === task.name);
  return defineCommand({
    ...task.help.predict,
    arguments: z.strictObject({ questions: existingFile().describe('Examples (JSON)') }),
    options: z.strictObject({
      output: outputFile().describe('File to write'),
      ...taskModelOptions(task),
      model: askedModelsOption,
      ...leftOutOption(0),
      ...(task.withTop === undefined ? {} : topOption),
      ...(takesChoices(task) ? choiceOptions : {}),
      ...(ofServer === undefined ? {} : checkOption),
      distributedTimeout: z
        .number()
        .gt(0)
        .default(600)
        .describe('Seconds that a process waits for the others, when there are several')
        .meta({ valueName: 'SECONDS' }),
    }),
    run: async ({ arguments: { questions: file }, options, progress, signal, ...context }) => {
      const checked = async (): Promise<SubmissionCheck | undefined> =>
        ofServer !== undefined && 'check' in options && options.check === true
          ? await checkSubmission(ofServer, options.output, file, signal)
          : undefined;
      const { task: asked, notices: choiceNotices } = askedTask(task, options);
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
        const notices = [...written.notices, ...choiceNotices()];
        return { output, isFirst: true, ...written, notices, check: await checked() };
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
        const notices = [...written.notices, ...choiceNotices()];
        return { output, isFirst, ...written, notices, check: isFirst ? await checked() : undefined };
      });
    },
    json: ({ notices: _, ...counts }) => counts,
    render: ({ isFirst, numAnswers, output, notices, check }) =>
      isFirst
        ? [
            `Wrote ${formatCount(numAnswers, 'answer')} to ${output}.`,
            ...notices,
            ...(check === undefined ? [] : renderCheck(check)),
          ].join('\n')
        : '',
    exitCode: ({ check }) => (check === undefined || check.problems.length === 0 ? 0 : 1),
  });
}
