/** @file `lxmert prepare nlvr2`. */

import { z } from 'zod';
import { nlvr2SplitNames } from '../../data/prepare/nlvr2Splits.js';
import { prepareNlvr2 } from '../../data/prepare/prepareNlvr2.js';
import { defineCommand } from '../command.js';
import { nextSteps } from '../nextSteps.js';
import { renderSplits } from '../prepareReport.js';
import {
  preparationOptions,
  preparationSources,
  runPreparation,
} from '../sharedOptions/preparationOptions.js';

export const command = defineCommand({
  description:
    'Makes the files that training reads from the official NLVR2 examples (train.json, dev.json, test1.json, test2.json: ' +
    'JSON lines), and from the lists of ALBEF, BLIP and LAVIS. Sources are these files, Parquet tables of a hub, archives or folders of them. Writes ' +
    'train.json, valid.json, test.json and hidden.json, those whose examples are there; files under other names keep theirs.',
  examples: [
    {
      command: 'lxmert prepare nlvr2 nlvr/nlvr2/data --output data/nlvr2',
      does: 'prepares all splits of a folder',
    },
    {
      command: 'lxmert prepare nlvr2 nlvr_dev.json --as dev --output data/nlvr2',
      does: 'prepares the list of another project as valid.json',
    },
  ],
  arguments: preparationSources,
  options: z.strictObject({
    ...preparationOptions,
    as: z
      .enum(nlvr2SplitNames)
      .optional()
      .describe('Take the file, whatever it is called, as this split: dev makes valid.json'),
  }),
  run: (context) => runPreparation(context, (told) => prepareNlvr2({ ...told, as: context.options.as })),
  render: ({ output, splits, notes }) =>
    [
      ...renderSplits(output, splits, 'example'),
      ...notes,
      ...nextSteps({ task: 'nlvr2', output, splits, predictions: 'csv' }),
    ].join('\n'),
});
