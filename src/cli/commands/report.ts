/** @file `lxmert report`. */

import path from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../common/atomicFile.js';
import { UsageError } from '../../common/errors.js';
import type { Question } from '../../data/annotations/question.js';
import { formatPercent } from '../../formats/numbers.js';
import { describeRun, type ReportExample, renderReport } from '../../report/index.js';
import type { Task } from '../../tasks/index.js';
import { type CommandContext, defineCommand } from '../command.js';
import { otherFeaturesOption } from '../modelOptions.js';
import { existingFile, existingFolder, existingPath, outputPath } from '../options.js';

const options = z.strictObject({
  output: outputPath().optional().describe('Page to write [default: report.html in the run folder]'),
  features: z
    .array(existingPath())
    .min(1)
    .optional()
    .describe('Feature stores of pictures to show with answers; needs --images and --questions'),
  images: existingFolder().optional().describe('Folder with those pictures, named by image id'),
  questions: existingFile()
    .optional()
    .describe('Questions with labels about those pictures, in the form that the run was trained on'),
  numExamples: z.int().min(1).max(100).default(6).describe('Pictures to show'),
  weights: z.enum(['BEST', 'LAST']).default('BEST').describe('Weights that answer'),
  ...otherFeaturesOption,
});

export const command = defineCommand({
  description:
    'Writes one web page about a run, finished or not: curves, best epoch, accuracy by type (from scores.json), settings ' +
    'and log. It opens without a network. With features, pictures and questions the model also answers some of them on the page.',
  examples: [
    { command: 'lxmert report runs/vqa', does: 'writes runs/vqa/report.html' },
    {
      command:
        'lxmert report quickstart/run --features quickstart/world/features/minival --images quickstart/world/images/minival --questions quickstart/world/vqa/minival.json',
      does: 'shows pictures with regions and answers too',
    },
  ],
  arguments: z.strictObject({ run: existingFolder().describe('Run folder') }),
  options,
  async run({ arguments: { run }, options, notice }) {
    const examples = await examplesFor(run, options, notice);
    const { report, ...numbers } = await describeRun(run, examples);
    const file = options.output ?? path.join(run, 'report.html');
    await writeFileAtomic(file, renderReport(report));
    return { report: file, numExamples: examples.length, ...numbers };
  },
  render(result) {
    const { numSteps, numEpochs, bestEpoch, bestScore, scored } = result;
    const best =
      bestEpoch === undefined || bestScore === undefined
        ? ''
        : `; best epoch ${bestEpoch}, ${scored === 'loss' ? `validation loss ${bestScore.toFixed(4)}` : formatPercent(bestScore)}`;
    return [
      ...result.problems,
      `Wrote ${result.report}: ${numSteps} steps, ${numEpochs} ${numEpochs === 1 ? 'epoch' : 'epochs'}${best}.`,
    ].join('\n');
  },
});

/** Pictures with answers, when their options are given; only then are a model and its features opened. */
async function examplesFor(
  run: string,
  given: z.output<typeof options>,
  notice: CommandContext<unknown, unknown>['notice'],
): Promise<ReportExample[]> {
  const { features, images, questions } = given;
  if (features === undefined && images === undefined && questions === undefined) return [];
  if (features === undefined || images === undefined || questions === undefined) {
    throw new UsageError(
      'Pictures with answers need --features, --images and --questions together; give all three or none.',
    );
  }
  const { FeatureStore } = await import('../../features/index.js');
  const { disposeModels } = await import('../../inference/ensemble.js');
  const { loadAnsweringModel } = await import('../../inference/modelFolder.js');
  const { answeredExamples } = await import('../../report/answeredExamples.js');
  const { checkFeatures, featuresOf } = await import('../modelOptions.js');
  const { loadTask } = await import('../../tasks/index.js');
  using store = FeatureStore.open(features);
  const answering = await loadAnsweringModel({ model: run, weights: given.weights });
  try {
    for (const note of answering.notes) notice(note);
    checkFeatures(store, featuresOf(answering), given.allowOtherFeatures, notice);
    return await answeredExamples({
      answering,
      store,
      images,
      questions: await questionsOf(await loadTask(answering.task ?? 'vqa'), questions),
      name: questions,
      numExamples: given.numExamples,
    });
  } finally {
    disposeModels(answering);
  }
}

async function questionsOf({ read }: Pick<Task, 'read'>, file: string): Promise<Question[]> {
  const questions: Question[] = [];
  for await (const question of read(file)) questions.push(question);
  return questions;
}
