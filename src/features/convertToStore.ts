/** @file Converting rows of any format that is read here to a feature store; an interrupted conversion goes on where it stopped. */

import { LxmertError, UsageError } from '../common/errors.js';
import { type Progress, silentProgress } from '../common/progress.js';
import { systemFault } from '../common/systemFault.js';
import { asByteSource, type ByteSource } from '../formats/lines/byteSource.js';
import { BrokenRows } from './brokenRows.js';
import type { ImageIdMap } from './imageIdMap.js';
import type { BrokenRow } from './obj36Reader.js';
import type { Provenance } from './provenance.js';
import { RowError } from './rowError.js';
import { openShard, type Shard } from './shardFile.js';
import type { Conversion, FeatureDType } from './shardFormat.js';
import { type OwnIds, renamedRows } from './sources/renamedRows.js';
import type { PlacedRow, RowReading, RowSource } from './sources/rowSource.js';
import { openTable } from './sources/tableSource.js';
import { listShardFiles } from './storeFiles.js';
import { type ConversionSettings, DEFAULT_SHARD_IMAGES, FeatureStoreWriter } from './storeWriter.js';
import type { StatedTable } from './tsvForm.js';
import { unknownProvenance } from './unknownProvenance.js';

/** What a conversion goes by; how a table is read ({@link StatedTable}) is stated here, and of a {@link RowSource} when it is opened. */
export interface StoreConvertOptions extends StatedTable {
  /** Default float16. */
  readonly dtype?: FeatureDType;
  readonly shardImages?: number;
  /** Boxes that each image has room for. Default: the most that any of the first 256 rows has. */
  readonly numBoxes?: number;
  /** Convert only so many rows. */
  readonly maxImages?: number;
  /** A second row of the same image: `error` (default) stops there, `first` skips it. */
  readonly duplicates?: 'error' | 'first';
  /** Leaves out rows that are not sound, and lists them, instead of stopping at the first. Default false. */
  readonly keepGoing?: boolean;
  /** What is known of the detector; the source's name is filled in when absent. */
  readonly provenance?: Provenance;
  /** Ids that take the place of the file's own. */
  readonly imageIds?: ImageIdMap | undefined;
  /** Told images done and images in all; the latter is an estimate from the file's size. */
  readonly progress?: Progress;
  /** Told, in one line, what of the file is not the documented form and how it is read. */
  readonly notice?: ((line: string) => void) | undefined;
  /** Once aborted, the conversion stops and leaves whole shards, to go on from another time. */
  readonly signal?: AbortSignal | undefined;
}

export interface ConvertResult {
  readonly numImages: number;
  readonly numShards: number;
  /** Images that shards of an earlier, interrupted run already held. */
  readonly numResumed: number;
  /** Second rows skipped in this run. */
  readonly numDuplicates: number;
  /** Images of this run that keep their file's ids, since `imageIds` has none for them; undefined when there are none. */
  readonly ownIds?: OwnIds;
  /** Rows left out because they are not sound, in this run and earlier ones, in the order of the file. */
  readonly leftOut: readonly LeftOutRow[];
  /** True when the store was already whole and nothing was done. */
  readonly alreadyComplete: boolean;
  /** True when `signal` stopped it: the store does not open until the conversion is finished. */
  readonly interrupted: boolean;
  /** Of all shards. */
  readonly numBytes: number;
}

/** A row that is left out. */
export interface LeftOutRow extends BrokenRow {
  /** Whether another row of the same image is sound, so that nothing is lost. */
  readonly hasWholeRow: boolean;
}

/** Enough for a smooth bar, rare enough to cost nothing. */
const PROGRESS_EVERY = 32;

/**
 * Writes the rows of `from` (the path of a table, bytes such as a zip member's, or a source of another format) as shards
 * into `folder`. The same rows give the same shards, wherever they come from.
 *
 * Each shard is written under a temporary name, flushed, renamed, and says which places of the source (bytes and lines of
 * a table, rows of other formats) it holds. A process that is killed therefore leaves whole shards only; the same call made
 * again keeps them, goes on at the place after the last one, and so never writes an image twice.
 *
 * @throws LxmertError for a bad row, a duplicate, a value that float16 cannot hold; UsageError when the folder
 *   holds shards of another source or of other settings.
 */
export async function convertToStore(
  from: string | ByteSource | RowSource,
  folder: string,
  options: StoreConvertOptions = {},
): Promise<ConvertResult> {
  if (options.maxImages !== undefined && !(options.maxImages >= 1))
    throw new UsageError(`The number of images to convert should be 1 or more; found ${options.maxImages}.`);
  const opened =
    typeof from === 'object' && 'rows' in from
      ? from
      : await openTable(asByteSource(from), options, options.signal);
  const renamed = options.imageIds === undefined ? undefined : renamedRows(opened, options.imageIds);
  const source = renamed?.source ?? opened;
  if (source.notes.length > 0) options.notice?.(`${source.name}: ${source.notes.join('; ')}.`);
  const plan = makePlan(source, options);
  const kept = await keepShards(folder, source, plan);
  const lastKept = kept.at(-1);
  const broken = await BrokenRows.open(folder, lastKept?.metadata.conversion?.toByte ?? 0);
  if (lastKept?.metadata.last === true)
    return { ...(await describeResult(folder, kept.length, broken)), alreadyComplete: true };

  const writer = await FeatureStoreWriter.create(
    folder,
    {
      ...plan,
      numBoxes: options.numBoxes ?? lastKept?.layout.numBoxes ?? Math.max(source.mostBoxes, 1),
      shardImages: plan.settings.shardImages,
    },
    {
      settings: plan.settings,
      firstShard: kept.length,
      knownIds: kept.flatMap((shard) => shard.metadata.imageIds),
    },
  );
  try {
    const numResumed = kept.reduce((sum, shard) => sum + shard.numImages, 0);
    const copying = { plan, after: lastKept?.metadata.conversion, numResumed, broken, options };
    const copied = await copyRows(source, writer, copying);
    if (copied.interrupted) await writer.abandon();
    else await writer.finish();
    const ownIds = renamed?.ownIds;
    return {
      ...(await describeResult(folder, kept.length, broken)),
      ...copied,
      ...(ownIds === undefined ? {} : { ownIds }),
    };
  } catch (error) {
    await writer.abandon();
    const { signal } = options;
    if (signal?.aborted === true && error === signal.reason)
      return { ...(await describeResult(folder, kept.length, broken)), interrupted: true };
    throw withWayOn(error, folder);
  }
}

/** A full disk and the like with what is kept and how to go on. */
function withWayOn(error: unknown, folder: string): unknown {
  const fault = systemFault(error, folder);
  if (fault === undefined || fault.exitCode === 2) return error;
  return new LxmertError(
    `${fault.sentence} What is whole of ${folder} is kept: once the cause is gone, the same command goes on from there.`,
    { cause: error },
  );
}

/** What must be the same in every shard of one conversion. */
interface Plan {
  readonly dtype: FeatureDType;
  readonly provenance: Provenance;
  readonly settings: ConversionSettings;
}

function makePlan(source: RowSource, options: StoreConvertOptions): Plan {
  const provenance = options.provenance ?? unknownProvenance;
  return {
    dtype: options.dtype ?? 'float16',
    provenance: {
      ...provenance,
      detector: provenance.detector ?? source.detector ?? null,
      settings: { ...provenance.settings, ...source.settings },
      source: provenance.source ?? source.fileName,
    },
    settings: {
      sourceBytes: source.numBytes,
      shardImages: options.shardImages ?? DEFAULT_SHARD_IMAGES,
      maxImages: options.maxImages ?? null,
      duplicates: options.duplicates ?? 'error',
      ...source.identity,
    },
  };
}

/** What {@link copyRows} goes by. */
interface Copying {
  readonly plan: Plan;
  readonly after: Conversion | null | undefined;
  readonly numResumed: number;
  readonly broken: BrokenRows;
  readonly options: StoreConvertOptions;
}

async function copyRows(
  source: RowSource,
  writer: FeatureStoreWriter,
  { plan, after, numResumed, broken, options }: Copying,
): Promise<Pick<ConvertResult, 'numDuplicates' | 'interrupted'>> {
  const progress = options.progress ?? silentProgress;
  const max = plan.settings.maxImages ?? Number.POSITIVE_INFINITY;
  let numDone = numResumed;
  let numDuplicates = 0;
  const reading = {
    start: after?.toByte ?? 0,
    firstLine: (after?.toLine ?? 0) + 1,
    onBroken: options.keepGoing === true ? (row: BrokenRow) => broken.add(row, numDone) : undefined,
    signal: options.signal,
  };
  for await (const placed of wholeRows(source, reading)) {
    if (numDone >= max) break;
    if (options.signal?.aborted === true) return { numDuplicates, interrupted: true };
    if (writer.has(placed.row.imageId)) {
      if (plan.settings.duplicates === 'error') throw duplicateError(source, placed);
      numDuplicates++;
      continue;
    }
    await addPlaced(source, writer, placed);
    numDone++;
    if (numDone % PROGRESS_EVERY === 0) {
      const estimate = source.estimateRows(placed, numDone + numDuplicates);
      progress.update(numDone, Math.max(numDone, Math.min(max, estimate)));
    }
  }
  if (numDone === 0 && broken.rows.length > 0)
    throw new LxmertError(`${source.name} holds no row that is sound. The first: ${broken.rows[0]?.message}`);
  progress.update(numDone, numDone);
  return { numDuplicates, interrupted: false };
}

/** The rows of a source; an error at one says how to go on without it. */
async function* wholeRows(
  source: RowSource,
  reading: RowReading,
): AsyncGenerator<PlacedRow, void, undefined> {
  try {
    yield* source.rows(reading);
  } catch (error) {
    if (!(error instanceof RowError)) throw error;
    throw new LxmertError(
      `${error.message} With --keep-going such rows are left out and listed; a whole row of the same image is taken.`,
      { cause: error },
    );
  }
}

async function addPlaced(source: RowSource, writer: FeatureStoreWriter, placed: PlacedRow): Promise<void> {
  try {
    await writer.add(placed.row, { range: placed });
  } catch (error) {
    if (!(error instanceof LxmertError)) throw error;
    throw new LxmertError(`${source.name}, ${source.unit} ${placed.line}: ${error.message}`, {
      cause: error,
    });
  }
}

function duplicateError(source: RowSource, { row, line }: PlacedRow): LxmertError {
  return new LxmertError(
    `${source.name}, ${source.unit} ${line}: image ${row.imageId} already has a row above. ` +
      'Remove one of them, or ask to keep the first (--duplicates first).',
  );
}

/**
 * Shards of an earlier run, from 0 without a gap.
 *
 * @throws UsageError unless they come from the same source with the same settings.
 */
async function keepShards(folder: string, source: RowSource, plan: Plan): Promise<Shard[]> {
  const shards = (await listShardFiles(folder)).map((file) => openShard(file));
  for (const shard of shards) {
    const difference = findDifference(shard, source, plan);
    if (difference !== undefined)
      throw new UsageError(
        `${folder} already holds shards of another conversion: ${difference}. Choose another folder.`,
      );
  }
  const gap = shards.findIndex((shard, i) => shard.metadata.index !== i);
  const kept = gap < 0 ? shards : shards.slice(0, gap);
  const last = kept.at(-1);
  if (last !== undefined) await checkSameSource(source, last);
  return kept;
}

/** What a conversion of a table, in the usual form, does not state. */
const USUAL = { boxForm: undefined, ids: undefined, format: undefined, lineEnding: undefined };

function findDifference(shard: Shard, { featureSize }: RowSource, plan: Plan): string | undefined {
  const { conversion, provenance } = shard.metadata;
  if (conversion === null) return `${shard.path} was not made by a conversion`;
  if (shard.layout.featureSize !== featureSize)
    return `${shard.path} holds ${shard.layout.featureSize} values for each box, and they are read as ${featureSize} now`;
  if (shard.layout.dtype !== plan.dtype)
    return `${shard.path} holds ${shard.layout.dtype} features, and ${plan.dtype} was asked for`;
  for (const [name, wanted] of Object.entries({ ...USUAL, ...plan.settings })) {
    const found = conversion[name as keyof ConversionSettings];
    if (found !== wanted)
      return `${shard.path} was made with ${name} ${JSON.stringify(found)}, and now it is ${JSON.stringify(wanted)}`;
  }
  if (
    JSON.stringify({ ...provenance, createdBy: '' }) !== JSON.stringify({ ...plan.provenance, createdBy: '' })
  )
    return `${shard.path} states another source or detector`;
  return undefined;
}

/** Same name and size do not make the same file: the first row of the last shard must stand where it stood. */
async function checkSameSource(source: RowSource, { path, metadata }: Shard): Promise<void> {
  const { conversion, imageIds } = metadata;
  if (conversion === null) return;
  const [expected] = imageIds;
  if ((await source.idAt({ start: conversion.fromByte, line: conversion.fromLine })) === expected) return;
  throw new UsageError(
    `${source.name} is not the file that ${path} was made from: image ${expected} is not at ${source.unit} ${conversion.fromLine}. ` +
      'Choose another folder.',
  );
}

async function describeResult(folder: string, numKept: number, broken: BrokenRows): Promise<ConvertResult> {
  const shards = (await listShardFiles(folder)).map((file) => openShard(file));
  const numImagesOf = (some: Shard[]) => some.reduce((sum, shard) => sum + shard.numImages, 0);
  const ids =
    broken.rows.length === 0 ? undefined : new Set(shards.flatMap(({ metadata }) => metadata.imageIds));
  return {
    numImages: numImagesOf(shards),
    numShards: shards.length,
    numResumed: numImagesOf(shards.slice(0, numKept)),
    numDuplicates: 0,
    leftOut: broken.rows.map((row) => ({
      ...row,
      hasWholeRow: row.imageId !== null && ids?.has(row.imageId) === true,
    })),
    alreadyComplete: false,
    interrupted: false,
    numBytes: shards.reduce((sum, shard) => sum + shard.fileBytes, 0),
  };
}
