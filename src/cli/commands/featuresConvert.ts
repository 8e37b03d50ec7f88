/** @file `lxmert features convert`. */

import { statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import {
  BOX_FORMATS,
  BOX_UNITS,
  type BoxForm,
  BROKEN_ROWS_FILE,
  type ConvertResult,
  convertToStore,
  convertToTsv,
  DEFAULT_SHARD_IMAGES,
  describeForeignFile,
  type FeatureDType,
  type FeatureSource,
  findFormat,
  type ImageIdMap,
  idsByPattern,
  idsFromQuestions,
  MAX_BOXES,
  MAX_FEATURE_SIZE,
  MAX_SHARD_IMAGES,
  openArchivedTable,
  openRowSource,
  type Provenance,
  parseFeatureRange,
  parseSettings,
  type RowSource,
  readPictureSizes,
  readTsvProvenance,
  type StatedSource,
  type StoreConvertOptions,
  sourceKindOf,
  unknownProvenance,
} from '../../features/files.js';
import type { StreamSource } from '../../formats/lines/streamSource.js';
import { formatBytes, formatCount, formatNumber } from '../../formats/numbers.js';
import { defineCommand } from '../command.js';
import { existingPath, outputPath } from '../options.js';

type Result =
  | ({ readonly to: 'store'; readonly path: string } & ConvertResult)
  | { readonly to: 'tsv'; readonly path: string; readonly numImages: number };

export const command = defineCommand({
  description:
    'Converts a file of region features (obj36 TSV and its kin, HDF5, NumPy, LMDB, VinVL, Arrow; docs/reference/feature-formats.md ' +
    'lists them) to a feature store (a folder of safetensors shards), or a store back to an obj36 TSV file. What a file is ' +
    'comes from its content; a zip, gzip or tar archive of a TSV file, and a tar archive of .npz files, is read as it is, without unpacking it to the disk. ' +
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
    {
      command: 'lxmert features convert trainval_36.zip features/coco --keep-going',
      does: 'makes a store of bottom-up-attention features, without rows that are broken',
    },
    {
      command: 'lxmert features convert train36.hdf5 features/train2014 --ids-from train.json',
      does: 'makes a store of an HDF5 file whose ids stand in train36_imgid2idx.pkl beside it',
    },
    {
      command: 'lxmert features convert trainval_36.zip features/coco --ids-from train.json,minival.json',
      does: 'calls pictures as questions do, where the file has their numbers alone',
    },
    {
      command: 'lxmert features convert train2014.tar.gz features/train2014',
      does: "makes a store of openvqa's bottom-up features, one .npz file a picture, as they lie in the archive",
    },
    { command: 'lxmert features convert features/train2014 copy.tsv', does: 'writes the TSV file again' },
  ],
  arguments: z.strictObject({
    from: existingPath().describe(
      'A file or folder of region features, a zip, gzip or tar archive of them, or a store',
    ),
    to: outputPath().describe('The folder of the store, or the TSV file to write'),
  }),
  options: z.strictObject({
    member: z
      .string()
      .min(1)
      .optional()
      .describe('Which file of a zip or tar archive to convert, when it holds several TSV files')
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
    keepGoing: z
      .boolean()
      .default(false)
      .describe(
        'Go on without rows that are broken, list them and end with 1; more than one in ten stops all the same',
      ),
    boxFormat: z
      .enum(BOX_FORMATS)
      .default('xyxy')
      .describe(
        'Order of the numbers of a box in the file: corners, or a corner (cx, cy: the centre) and a size',
      ),
    boxUnit: z
      .enum(BOX_UNITS)
      .default('pixel')
      .describe(
        "Unit of the boxes in the file: pixels, or shares (0 to 1), per cent or thousandths of the picture's sides",
      ),
    featureSize: z
      .int()
      .min(1)
      .max(MAX_FEATURE_SIZE)
      .optional()
      .describe('Values of a region; when absent, 2048 if the bytes make so many, else what the values tell'),
    featureRange: z
      .string()
      .optional()
      .describe(
        'The values that the detector can give, where -1000 to 1000 is too wide or too narrow, such as =-30,30',
      )
      .meta({ valueName: 'LOW,HIGH' }),
    idsFrom: z
      .array(z.string().min(1))
      .default([])
      .describe(
        'Lists of questions by whose img_id pictures are called, where the file has the bare number: 262148 becomes COCO_val2014_000000262148',
      )
      .meta({ valueName: 'FILE' }),
    idPattern: z
      .string()
      .min(1)
      .optional()
      .describe('What bare numbers become, such as COCO_val2014_%012d')
      .meta({ valueName: 'PATTERN' }),
    rowIds: existingPath()
      .optional()
      .describe(
        'A pickle or JSON file that says which row of an HDF5 file each image has; when absent, NAME_imgid2idx.pkl or .json beside it',
      )
      .meta({ valueName: 'FILE' }),
    sizesFrom: existingPath()
      .optional()
      .describe(
        "A JSON file with the sizes of pictures, for formats without them: COCO's annotations, GQA's scene graphs, Visual Genome's image_data.json",
      )
      .meta({ valueName: 'FILE' }),
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
  async run({ arguments: { from, to }, options, progress, signal, notice }): Promise<Result> {
    const kind = kindOf(from);
    if (options.member !== undefined && kind !== 'zip' && kind !== 'gzip' && kind !== 'tar')
      throw new UsageError(`--member names a file in a zip or tar archive, and ${from} is none.`);
    const imageIds = imageIdsOf(options);
    if (kind === 'store' && imageIds !== undefined)
      throw new UsageError('--ids-from and --id-pattern are for a conversion to a store.');
    if (options.rowIds !== undefined && kind !== 'rows') throw notLacking('--row-ids', from);
    if (options.sizesFrom !== undefined && (kind === 'store' || kind === 'text'))
      throw notLacking('--sizes-from', from);
    if (kind === 'store') {
      const display = progress('converting', 'images');
      try {
        return {
          to: 'tsv',
          path: to,
          numImages: await convertToTsv(from, to, { progress: display, signal }),
        };
      } finally {
        display.stop();
      }
    }
    const stated = statedOptions(options);
    const source = await openSource(kind, from, options.member, {
      ...stated,
      rowIds: options.rowIds,
      sizes: options.sizesFrom === undefined ? undefined : readPictureSizes(options.sizesFrom),
    });
    if (options.sizesFrom !== undefined && (source === undefined || !('rows' in source))) {
      source?.close();
      throw notLacking('--sizes-from', from);
    }
    const display = progress('converting', 'images');
    try {
      const result = await convertToStore(source ?? from, to, {
        ...stated,
        imageIds,
        provenance: await provenanceOf(from, options),
        progress: display,
        notice,
        signal,
      });
      return { to: 'store', path: to, ...result };
    } finally {
      source?.close();
      display.stop();
    }
  },
  render: renderResult,
  exitCode: (result) => (result.to === 'store' && result.leftOut.length > 0 ? 1 : 0),
});

function notLacking(flag: string, from: string): UsageError {
  return new UsageError(`${flag} is for files of arrays that lack them, and ${from} is none.`);
}

/** @throws UsageError when both flags are given, or one is wrong */
function imageIdsOf({
  idsFrom,
  idPattern,
}: {
  readonly idsFrom: readonly string[];
  readonly idPattern?: string | undefined;
}): ImageIdMap | undefined {
  if (idPattern === undefined) return idsFrom.length === 0 ? undefined : idsFromQuestions(idsFrom);
  if (idsFrom.length > 0) throw new UsageError('Give --ids-from or --id-pattern, not both.');
  return idsByPattern(idPattern);
}

/** What flags say of the conversion to a store. @throws UsageError for a range that is none */
function statedOptions(options: {
  readonly dtype: FeatureDType;
  readonly shardImages: number;
  readonly boxes?: number | undefined;
  readonly maxImages?: number | undefined;
  readonly duplicates: 'error' | 'first';
  readonly keepGoing: boolean;
  readonly boxFormat: BoxForm['format'];
  readonly boxUnit: BoxForm['unit'];
  readonly featureSize?: number | undefined;
  readonly featureRange?: string | undefined;
}): StoreConvertOptions {
  const { dtype, shardImages, boxes, maxImages, duplicates, keepGoing } = options;
  const { boxFormat: format, boxUnit: unit, featureSize, featureRange } = options;
  return {
    ...{ dtype, shardImages, duplicates, keepGoing },
    ...(boxes === undefined ? {} : { numBoxes: boxes }),
    ...(maxImages === undefined ? {} : { maxImages }),
    ...(format === 'xyxy' && unit === 'pixel' ? {} : { boxForm: { format, unit } }),
    ...(featureSize === undefined ? {} : { featureSize }),
    ...(featureRange === undefined ? {} : { featureRange: parseFeatureRange(featureRange) }),
  };
}

type SourceKind = FeatureSource | 'rows';

/** What is converted. @throws UsageError for what is not read here */
function kindOf(from: string): SourceKind {
  if (findFormat(from) !== undefined) return 'rows';
  const kind = statSync(from).isDirectory() ? 'store' : sourceKindOf(from);
  if (kind === undefined) throw new UsageError(describeForeignFile(from));
  return kind;
}

/** The rows of a format of arrays, or the table in an archive; undefined for a table that is read as it is. */
async function openSource(
  kind: SourceKind,
  from: string,
  member: string | undefined,
  stated: StatedSource,
): Promise<RowSource | StreamSource | undefined> {
  if (kind === 'rows') return await openRowSource(from, stated);
  if (kind === 'store' || kind === 'text') return undefined;
  return await openArchivedTable(from, kind, member, stated);
}

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
  if (result.alreadyComplete) return [`${size}; it was already whole`, ...leftOutLines(result)].join('\n');
  const notes = [
    result.numResumed > 0 ? `${formatNumber(result.numResumed)} of them from an earlier run` : '',
    result.numDuplicates > 0
      ? `${formatCount(result.numDuplicates, 'row')} of a repeated image left out`
      : '',
    result.ownIds === undefined
      ? ''
      : `${formatCount(result.ownIds.numImages, 'image')} without a partner ${result.ownIds.numImages === 1 ? 'keeps its own id' : 'keep their own ids'}, the first ${result.ownIds.first}`,
  ].filter((note) => note !== '');
  return [[size, ...notes].join('; '), ...leftOutLines(result)].join('\n');
}

/** Rows that are named in the output; all are in the list beside the shards. */
const NUM_NAMED = 5;

function leftOutLines({ leftOut, path: store }: { readonly path: string } & ConvertResult): string[] {
  if (leftOut.length === 0) return [];
  const numLost = leftOut.filter(({ hasWholeRow }) => !hasWholeRow).length;
  const rest = leftOut.length - NUM_NAMED;
  return [
    ...leftOut.slice(0, NUM_NAMED).map(({ message }) => `left out: ${message}`),
    ...(rest > 0 ? [`and ${formatNumber(rest)} more`] : []),
    `${formatCount(leftOut.length, 'broken row')} left out, listed in ${path.join(store, BROKEN_ROWS_FILE)}; ` +
      (numLost === 0
        ? 'a whole row of each image was found'
        : `${formatCount(numLost, 'row')} without a whole row of the same image`),
  ];
}
