/** @file `lxmert report`. */

import path from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../common/atomicFile.js';
import { UsageError } from '../../common/errors.js';
import { formatCount, formatPercent } from '../../formats/numbers.js';
import { compareRuns, type DescribedRun, describeRun, renderReport } from '../../report/index.js';
import { defineCommand } from '../command.js';
import { existingFile, existingFolder, existingPath, outputFile } from '../options.js';
import { otherFeaturesOption } from '../sharedOptions/modelOptions.js';

type Numbers = Omit<DescribedRun, 'report' | 'problems'>;

interface Result {
  readonly report: string;
  readonly problems: readonly string[];
  /** One, or several that are compared. */
  readonly runs: readonly (Numbers & { readonly run: string; readonly name: string })[];
  readonly numExamples: number;
}

export const command = defineCommand({
  description:
    'Writes one web page about a run, finished or not: curves, best epoch, accuracy by type beside what the words alone give, which answers are ' +
    'taken for which, settings and log. It opens without a network. With features, pictures and questions the model also answers ' +
    'some of them on the page, and the surest wrong answers are shown with pages on what they were found in. Of several runs the page ' +
    'has the curves in the same charts, and scores and differing settings side by side.',
  examples: [
    { command: 'lxmert report runs/vqa', does: 'writes runs/vqa/report.html' },
    {
      command: 'lxmert report runs/vqa runs/vqa-longer --output compared.html',
      does: 'shows two runs beside each other',
    },
    {
      command:
        'lxmert report quickstart/run --features quickstart/world/features/minival --images quickstart/world/images/minival --questions quickstart/world/vqa/minival.json',
      does: 'shows pictures with regions and answers too',
    },
  ],
  arguments: z.strictObject({
    runs: z.array(existingFolder()).min(1).describe('Run folder, or several to compare'),
  }),
  options: z.strictObject({
    output: outputFile()
      .optional()
      .describe(
        'Page to write [default: report.html in the run folder; of several runs comparison.html here]',
      ),
    features: z
      .array(existingPath())
      .min(1)
      .optional()
      .describe('Feature stores of pictures to show with answers; needs --images and --questions'),
    images: existingFolder().optional().describe('Folder with those pictures, named by image id'),
    questions: existingFile()
      .optional()
      .describe('Questions with labels about those pictures, in the form that the run was trained on'),
    numExamples: z
      .int()
      .min(1)
      .max(100)
      .default(6)
      .describe('Pictures to show, of answers in general and of wrong ones'),
    weights: z.enum(['BEST', 'LAST']).default('BEST').describe('Weights that answer'),
    ...otherFeaturesOption,
  }),
  async run({ arguments: { runs }, options, notice, progress, signal }): Promise<Result> {
    const [run = '', ...others] = runs;
    if (others.length > 0) {
      refusePictures(options);
      const file = options.output ?? 'comparison.html';
      const compared = await compareRuns(runs);
      await writeFileAtomic(file, renderReport(compared.report));
      return { report: file, problems: compared.problems, runs: compared.runs, numExamples: 0 };
    }
    const file = options.output ?? path.join(run, 'report.html');
    const { report, problems, ...numbers } = await describeRun(run, async (mistakes) => {
      const { picturesFor } = await import('../pictures/reportPictures.js');
      return await picturesFor(run, file, options, mistakes, { notice, progress, signal });
    });
    await writeFileAtomic(file, renderReport(report));
    const numExamples = report.examples.length + (report.wrongExamples?.length ?? 0);
    return { report: file, problems, runs: [{ ...numbers, run, name: report.title }], numExamples };
  },
  json({ runs, ...result }) {
    const [first, ...others] = runs;
    if (first === undefined || others.length > 0) return { ...result, runs };
    const { run: _run, name: _name, ...numbers } = first;
    return { ...result, ...numbers };
  },
  render({ report, problems, runs }) {
    const lines = runs.map((run) => `${runs.length > 1 ? `${run.name}: ` : ''}${summaryOf(run)}.`);
    return [
      ...problems,
      ...(lines.length > 1 ? lines : []),
      `Wrote ${report}: ${lines.length > 1 ? `${formatCount(runs.length, 'run')} beside each other.` : lines[0]}`,
    ].join('\n');
  },
});

function summaryOf({ numSteps, numEpochs, bestEpoch, bestScore, scored }: Numbers): string {
  const best =
    bestEpoch === undefined || bestScore === undefined
      ? ''
      : `; best epoch ${bestEpoch}, ${scored === 'loss' ? `validation loss ${bestScore.toFixed(4)}` : formatPercent(bestScore)}`;
  return `${formatCount(numSteps, 'step')}, ${formatCount(numEpochs, 'epoch')}${best}`;
}

function refusePictures(options: {
  readonly features?: unknown;
  readonly images?: unknown;
  readonly questions?: unknown;
}): void {
  if (options.features !== undefined || options.images !== undefined || options.questions !== undefined)
    throw new UsageError(
      'Pictures with answers are for a report on one run; leave out --features, --images and --questions.',
    );
}
