/** @file `lxmert prepare aokvqa`. */

import { z } from 'zod';
import {
  AOKVQA_MIN_OCCURRENCES,
  type PreparedAokvqaSplit,
  prepareAokvqa,
} from '../../data/prepare/prepareAokvqa.js';
import { openShards } from '../../features/files.js';
import { formatCount, formatNumber, formatPercent } from '../../formats/numbers.js';
import { defineCommand } from '../command.js';
import { nextSteps } from '../nextSteps.js';
import { existingPath } from '../options.js';
import { renderSplits } from '../prepareReport.js';
import {
  builtTableOptions,
  preparationOptions,
  preparationSources,
  runPreparation,
} from '../sharedOptions/preparationOptions.js';

export const command = defineCommand({
  description:
    'Makes the question files and the answer table that finetune aokvqa reads from the official questions of A-OKVQA, with ' +
    'their choices and direct answers. Sources are aokvqa_v1p0.tar.gz, JSON files, or folders of both. Writes train.json, ' +
    'val.json, test.json, trainval_label2ans.json and trainval_ans2label.json. Images are numbered without the half of ' +
    'COCO that they are of: --features says which ids there are.',
  examples: [
    {
      command: 'lxmert prepare aokvqa aokvqa_v1p0.tar.gz --output data/aokvqa',
      does: "prepares all splits, for features of COCO 2017's files (000000299207)",
    },
    {
      command:
        'lxmert prepare aokvqa aokvqa_v1p0.tar.gz --features features/train2014 --features features/val2014 --output data/aokvqa',
      does: "takes each image's id from the features that there are",
    },
  ],
  arguments: preparationSources,
  options: z.strictObject({
    ...preparationOptions,
    features: z
      .array(existingPath())
      .optional()
      .describe('Feature stores whose ids the images get, in whatever form of COCO'),
    ...builtTableOptions(
      AOKVQA_MIN_OCCURRENCES,
      'Training questions that an answer must be a choice of, or a direct answer of, for it to be in the table',
    ),
  }),
  run: ({ options, ...context }) =>
    runPreparation({ options, ...context }, async (told) => ({
      features: options.features,
      ...(await prepareAokvqa({
        ...told,
        minOccurrences: options.minOccurrences,
        ...(options.features !== undefined && { knownImages: await idsOf(options.features) }),
      })),
    })),
  render: ({ output, features, splits, numAnswers, tableFrom, notes }) =>
    [
      ...renderSplits(output, splits).flatMap((line, i) => [line, ...choiceLines(splits[i]!)]),
      ...notes,
      `${formatCount(numAnswers, 'answer')} in the table, ${tableFrom === 'given' ? 'as given' : 'made from the training questions'}`,
      ...nextSteps({
        task: 'aokvqa',
        output,
        splits,
        answers: 'trainval_label2ans.json',
        scoring: '--annotations aokvqa_v1p0_val.json',
        features,
      }),
    ].join('\n'),
});

function choiceLines(split: PreparedAokvqaSplit): string[] {
  const { numChoices, numChoicesInTable, numDifficult, numUnknownImages } = split;
  const lines: string[] = [];
  if (numChoices > 0) {
    lines.push(
      `  ${formatNumber(numChoicesInTable)} of ${formatCount(numChoices, 'choice')} in the table (${formatPercent(numChoicesInTable / numChoices, 1)}); the others are not chosen`,
    );
  }
  if (numDifficult > 0)
    lines.push(`  ${formatCount(numDifficult, 'question')} too difficult for direct answers`);
  if (numUnknownImages > 0) {
    lines.push(
      `  ${formatCount(numUnknownImages, 'question')} about images that --features has none of, left with the number of COCO 2017`,
    );
  }
  return lines;
}

async function idsOf(stores: readonly string[]): Promise<Set<string>> {
  const ids = new Set<string>();
  for (const store of stores) {
    for (const { metadata } of await openShards(store)) for (const id of metadata.imageIds) ids.add(id);
  }
  return ids;
}
