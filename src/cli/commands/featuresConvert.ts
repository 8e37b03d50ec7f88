/** @file `lxmert features convert`. */

import { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import {
  type ConvertResult,
  convertToStore,
  convertToTsv,
  DEFAULT_SHARD_IMAGES,
  MAX_BOXES,
  MAX_SHARD_IMAGES,
  type Provenance,
  parseSettings,
  readTsvProvenance,
  unknownProvenance,
} from '../../features/files.js';
import { formatBytes, formatCount } from '../../formats/numbers.js';
import { openTsvInZip } from '../../formats/zip/zipMemberSource.js';
import { defineCommand } from '../command.js';
import { existingPath, outputPath } from '../options.js';

type Result =
  | ({ readonly to: 'store'; readonly path: string } & ConvertResult)
  | { readonly to: 'tsv'; readonly path: string; readonly numImages: number };

export const command = defineCommand({
  description:
    'Converts an obj36 TSV file to a feature store (a folder of safetensors shards), or a store back to a TSV file. ' +
    'A zip archive that holds a TSV file is read as it is: nothing is unpacked to the disk. ' +
    'An interrupted conversion to a store goes on where it stopped when the same command is given again. ' +
    'The flags are for conversion to a store; state the detector, since runs compare it with what a model was trained on. ' +
    'Of a file that lxmert extract made, it is known.',
  examples: [
    {
      command: 'lxmert features convert train2014_obj36.tsv features/train2014',
      does: 'makes a float16 store of a TSV file',
    },
    {
      command: 'lxmert features convert train2014_obj36.zip features/train2014',
      does: 'makes the same store straight from the published archive',
    },
    {
      command:
        'lxmert features convert val2014_obj36.tsv features/val2014 --detector bottom-up-attention --setting boxes=36',
      does: 'records which detector made the features',
    },
    { command: 'lxmert features convert features/train2014 copy.tsv', does: 'writes the TSV file again' },
  ],
  arguments: z.strictObject({
    from: existingPath().describe('A TSV file (.tsv), a zip archive with one (.zip), or a store'),
    to: outputPath().describe('The folder of the store, or the TSV file to write'),
  }),
  options: z.strictObject({
    member: z
      .string()
      .min(1)
      .optional()
      .describe('Which file of a zip archive to convert, when it holds several TSV files')
      .meta({ valueName: 'NAME' }),
    dtype: z.enum(['float16', 'float32']).default('float16').describe('How feature values are stored'),
    shardImages: z
      .int()
      .min(1)
      .max(MAX_SHARD_IMAGES)
      .default(DEFAULT_SHARD_IMAGES)
      .describe('Images in one shard; an interruption loses less than one shard'),
    boxes: z
      .int()
      .min(1)
      .max(MAX_BOXES)
      .optional()
      .describe('Boxes that each image has room for; when absent, the most in the first 256 rows'),
    maxImages: z.int().min(1).optional().describe('Convert only the first N rows'),
    duplicates: z
      .enum(['error', 'first'])
      .default('error')
      .describe('What to do with a second row of the same image: stop, or keep the first'),
    detector: z.string().min(1).optional().describe('Name of the detector that made the features'),
    weightsSha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional()
      .describe("SHA-256 of the detector's weights file, in hexadecimal")
      .meta({ valueName: 'HASH' }),
    setting: z
      .array(z.string())
      .default([])
      .describe('Detector settings that decide the numbers')
      .meta({ valueName: 'NAME=VALUE' }),
  }),
  async run({ arguments: { from, to }, options, progress, signal }): Promise<Result> {
    const isZip = /\.zip$/i.test(from);
    if (options.member !== undefined && !isZip)
      throw new UsageError(`--member names a file in a zip archive, and ${from} is none.`);
    const archived = isZip ? await openTsvInZip(from, options.member) : undefined;
    const display = progress('converting', 'images');
    try {
      if (archived === undefined && !/\.tsv$/i.test(from)) {
        return {
          to: 'tsv',
          path: to,
          numImages: await convertToTsv(from, to, { progress: display, signal }),
        };
      }
      const result = await convertToStore(archived ?? from, to, {
        dtype: options.dtype,
        shardImages: options.shardImages,
        ...(options.boxes === undefined ? {} : { numBoxes: options.boxes }),
        ...(options.maxImages === undefined ? {} : { maxImages: options.maxImages }),
        duplicates: options.duplicates,
        provenance: await provenanceOf(from, options),
        progress: display,
        signal,
      });
      return { to: 'store', path: to, ...result };
    } finally {
      archived?.close();
      display.stop();
    }
  },
  render: renderResult,
});

/** What flags say, and where they say nothing what stands beside the TSV file. */
async function provenanceOf(
  from: string,
  options: {
    readonly detector?: string | undefined;
    readonly weightsSha256?: string | undefined;
    readonly setting: readonly string[];
  },
): Promise<Provenance> {
  const stated = (await readTsvProvenance(from))?.provenance ?? unknownProvenance;
  return {
    ...unknownProvenance,
    detector: options.detector ?? stated.detector,
    weightsSha256: options.weightsSha256 ?? stated.weightsSha256,
    settings: options.setting.length > 0 ? parseSettings(options.setting) : stated.settings,
  };
}

function renderResult(result: Result): string {
  if (result.to === 'tsv') return `${result.path}: ${formatCount(result.numImages, 'row')}`;
  const size = `${result.path}: ${formatCount(result.numImages, 'image')} in ${formatCount(result.numShards, 'shard')}, ${formatBytes(result.numBytes)}`;
  if (result.interrupted) return `${size}; not finished. Run the same command again to go on.`;
  if (result.alreadyComplete) return `${size}; it was already whole`;
  const notes = [
    result.numResumed > 0 ? `${result.numResumed} of them from an earlier run` : '',
    result.numDuplicates > 0
      ? `${formatCount(result.numDuplicates, 'row')} of a repeated image left out`
      : '',
  ].filter((note) => note !== '');
  return [size, ...notes].join('; ');
}
