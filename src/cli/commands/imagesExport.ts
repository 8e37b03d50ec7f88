/** @file `lxmert images export`. */

import { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import { cocoSplits } from '../../data/cocoImages.js';
import { type ExportedPictures, exportPictures } from '../../data/pictures/exportPictures.js';
import { openRawFiles } from '../../data/prepare/rawFiles.js';
import { formatBytes, formatCount, formatNumber } from '../../formats/numbers.js';
import { defineCommand } from '../command.js';
import { existingPath, outputPath } from '../options.js';

/** Problems that are listed for a person; `--json` has all. */
const MAX_LISTED = 20;

export const command = defineCommand({
  description:
    'Writes the pictures that Parquet tables of a hub hold (VQA v2, GQA, NLVR2 and others with a column of pictures) as files, each ' +
    'once, under the ids that lxmert prepare gives their questions, for lxmert extract. What a picture is shows in its bytes. ' +
    'Pictures that are there already are left alone, so the same command goes on after an interruption. Rows without a ' +
    'picture, or whose id cannot be the name of a file, are listed, and the command ends with 1.',
  examples: [
    {
      command: 'lxmert images export vqav2/data/validation-*.parquet --out val2014',
      does: 'writes COCO_val2014_000000262148.jpg and so on',
    },
    {
      command: 'lxmert images export NLVR2/data --out nlvr2-images',
      does: 'writes both pictures of each pair: dev-850-0-img0.png, dev-850-0-img1.png',
    },
  ],
  arguments: z.strictObject({
    tables: z.array(existingPath()).min(1).describe('Parquet tables, or folders of them'),
  }),
  options: z.strictObject({
    out: outputPath().describe('Folder for the pictures').meta({ valueName: 'FOLDER' }),
    as: z
      .enum(cocoSplits)
      .optional()
      .describe("The half of COCO that images of VQA are of, where the tables' names do not tell it"),
  }),
  async run({ arguments: { tables: paths }, options, progress, signal }): Promise<ExportedPictures> {
    const files = await openRawFiles(paths);
    const other = files.find(({ isTable, isNamed }) => isNamed && isTable !== true);
    if (other !== undefined) throw new UsageError(`${other.name} is no Parquet table.`);
    const tables = [...new Set(files.filter(({ isTable }) => isTable === true).map(({ name }) => name))];
    if (tables.length === 0) throw new UsageError(`There is no Parquet table in ${paths.join(', ')}.`);
    const display = progress('exporting pictures', 'rows');
    try {
      return await exportPictures({
        tables,
        folder: options.out,
        half: options.as,
        progress: display,
        signal,
      });
    } finally {
      display.stop();
    }
  },
  render: ({ folder, numWritten, numBytes, numThere, numRepeated, problems }) =>
    [
      `${folder}: ${formatCount(numWritten, 'picture')} written (${formatBytes(numBytes)})` +
        (numThere > 0 ? `, ${formatNumber(numThere)} there already` : '') +
        (numRepeated > 0 ? `; ${formatCount(numRepeated, 'row')} with a picture of another row` : ''),
      ...problems.slice(0, MAX_LISTED),
      ...(problems.length > MAX_LISTED
        ? [`and ${formatNumber(problems.length - MAX_LISTED)} more like these`]
        : []),
    ].join('\n'),
  exitCode: ({ problems }) => (problems.length === 0 ? 0 : 1),
});
