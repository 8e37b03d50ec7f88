/** @file Converting obj36 TSV rows, from a file or out of a zip archive, to a feature store; an interrupted conversion goes on where it stopped. */

import { LxmertError, UsageError } from '../common/errors.js';
import { type Progress, silentProgress } from '../common/progress.js';
import { systemFault } from '../common/systemFault.js';
import { asByteSource, type ByteSource } from '../formats/lines/byteSource.js';
import { type LocatedRow, readObj36, scanObj36 } from './obj36Reader.js';
import { type Provenance, unknownProvenance } from './provenance.js';
import { openShard, type Shard } from './shardFile.js';
import type { Conversion, FeatureDType } from './shardFormat.js';
import { listShardFiles } from './storeFiles.js';
import { type ConversionSettings, DEFAULT_SHARD_IMAGES, FeatureStoreWriter } from './storeWriter.js';

export interface StoreConvertOptions {
  /** Default float16. */
  readonly dtype?: FeatureDType;
  readonly shardImages?: number;
  /** Boxes that each image has room for. Default: the most that any of the first 256 rows has. */
  readonly numBoxes?: number;
  /** Convert only so many rows. */
  readonly maxImages?: number;
  /** A second row of the same image: `error` (default) stops there, `first` skips it. */
  readonly duplicates?: 'error' | 'first';
  /** What is known of the detector; the source's name is filled in when absent. */
  readonly provenance?: Provenance;
  /** Told images done and images in all; the latter is an estimate from the file's size. */
  readonly progress?: Progress;
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
  /** True when the store was already whole and nothing was done. */
  readonly alreadyComplete: boolean;
  /** True when `signal` stopped it: the store does not open until the conversion is finished. */
  readonly interrupted: boolean;
  /** Of all shards. */
  readonly numBytes: number;
}

const ROWS_LOOKED_AT = 256;
/** Enough for a smooth bar, rare enough to cost nothing. */
const PROGRESS_EVERY = 32;

/**
 * Writes the rows of `from` (a path, or a source such as a zip member) as shards into `folder`. The same rows give
 * the same shards, wherever they come from.
 *
 * Each shard is written under a temporary name, flushed, renamed, and says which bytes and lines of the source
 * it holds. A process that is killed therefore leaves whole shards only; the same call made again keeps them,
 * goes on at the byte after the last one, and so never writes an image twice.
 *
 * @throws LxmertError for a bad row, a duplicate, a value that float16 cannot hold; UsageError when the folder
 *   holds shards of another source or of other settings.
 */
export async function convertToStore(
  from: string | ByteSource,
  folder: string,
  options: StoreConvertOptions = {},
): Promise<ConvertResult> {
  const source = asByteSource(from);
  const sourceBytes = await source.size();
  if (options.maxImages !== undefined && !(options.maxImages >= 1))
    throw new UsageError(`The number of images to convert should be 1 or more; found ${options.maxImages}.`);
  const plan = await makePlan(source, sourceBytes, options);
  const kept = await keepShards(folder, source, plan);
  const lastKept = kept.at(-1);
  if (lastKept?.metadata.last === true)
    return { ...(await describeResult(folder, kept.length)), alreadyComplete: true };

  const writer = await FeatureStoreWriter.create(
    folder,
    {
      ...plan,
      numBoxes: await chooseNumBoxes(source, options, lastKept),
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
    const copied = await copyRows(source, writer, plan, lastKept?.metadata.conversion, numResumed, options);
    if (copied.interrupted) await writer.abandon();
    else await writer.finish();
    return { ...(await describeResult(folder, kept.length)), ...copied };
  } catch (error) {
    await writer.abandon();
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

async function makePlan(
  source: ByteSource,
  sourceBytes: number,
  options: StoreConvertOptions,
): Promise<Plan> {
  const provenance = options.provenance ?? unknownProvenance;
  return {
    dtype: options.dtype ?? 'float16',
    provenance: { ...provenance, source: provenance.source ?? source.fileName },
    settings: {
      sourceBytes,
      shardImages: options.shardImages ?? DEFAULT_SHARD_IMAGES,
      maxImages: options.maxImages ?? null,
      duplicates: options.duplicates ?? 'error',
      lineEnding: await firstLineEnding(source),
    },
  };
}

async function copyRows(
  source: ByteSource,
  writer: FeatureStoreWriter,
  plan: Plan,
  after: Conversion | null | undefined,
  numResumed: number,
  options: StoreConvertOptions,
): Promise<Pick<ConvertResult, 'numDuplicates' | 'interrupted'>> {
  const progress = options.progress ?? silentProgress;
  const max = plan.settings.maxImages ?? Number.POSITIVE_INFINITY;
  const start = after?.toByte ?? 0;
  let numDone = numResumed;
  let numDuplicates = 0;
  for await (const located of readObj36(source, { start, firstLine: (after?.toLine ?? 0) + 1 })) {
    if (numDone >= max) break;
    if (options.signal?.aborted === true) return { numDuplicates, interrupted: true };
    if (writer.has(located.row.imageId)) {
      if (plan.settings.duplicates === 'error') throw duplicateError(source, located);
      numDuplicates++;
      continue;
    }
    await addLocated(source, writer, located);
    numDone++;
    if (numDone % PROGRESS_EVERY === 0) {
      const estimate = Math.round((plan.settings.sourceBytes / located.end) * (numDone + numDuplicates));
      progress.update(numDone, Math.max(numDone, Math.min(max, estimate)));
    }
  }
  progress.update(numDone, numDone);
  return { numDuplicates, interrupted: false };
}

async function addLocated(
  source: ByteSource,
  writer: FeatureStoreWriter,
  located: LocatedRow,
): Promise<void> {
  try {
    await writer.add(located.row, { range: located });
  } catch (error) {
    if (!(error instanceof LxmertError)) throw error;
    throw new LxmertError(`${source.name}, line ${located.line}: ${error.message}`, { cause: error });
  }
}

function duplicateError(source: ByteSource, { row, line }: LocatedRow): LxmertError {
  return new LxmertError(
    `${source.name}, line ${line}: image ${row.imageId} already has a row above. ` +
      'Remove one of them, or ask to keep the first (--duplicates first).',
  );
}

/**
 * Shards of an earlier run, from 0 without a gap.
 *
 * @throws UsageError unless they come from the same source with the same settings.
 */
async function keepShards(folder: string, source: ByteSource, plan: Plan): Promise<Shard[]> {
  const shards = (await listShardFiles(folder)).map((file) => openShard(file));
  for (const shard of shards) {
    const difference = findDifference(shard, plan);
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

function findDifference(shard: Shard, plan: Plan): string | undefined {
  const { conversion, provenance } = shard.metadata;
  if (conversion === null) return `${shard.path} was not made from a TSV file`;
  if (shard.layout.dtype !== plan.dtype)
    return `${shard.path} holds ${shard.layout.dtype} features, and ${plan.dtype} was asked for`;
  for (const [name, wanted] of Object.entries(plan.settings)) {
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
async function checkSameSource(source: ByteSource, shard: Shard): Promise<void> {
  const { conversion, imageIds } = shard.metadata;
  if (conversion === null) return;
  const expected = imageIds[0];
  for await (const { imageId } of scanAt(source, conversion.fromByte, conversion.fromLine)) {
    if (imageId === expected) return;
  }
  throw new UsageError(
    `${source.name} is not the file that ${shard.path} was made from: image ${expected} is not at line ${conversion.fromLine}. ` +
      'Choose another folder.',
  );
}

async function* scanAt(
  source: ByteSource,
  start: number,
  firstLine: number,
): AsyncGenerator<{ imageId: string }> {
  try {
    yield* scanObj36(source, { start, firstLine, maxImages: 1 });
  } catch (error) {
    // A position inside a row does not parse; the caller then finds no match and says so.
    if (!(error instanceof LxmertError)) throw error;
  }
}

async function chooseNumBoxes(
  source: ByteSource,
  options: StoreConvertOptions,
  kept: Shard | undefined,
): Promise<number> {
  if (options.numBoxes !== undefined) return options.numBoxes;
  if (kept !== undefined) return kept.layout.numBoxes;
  let most = 0;
  for await (const { numBoxes } of scanObj36(source, { maxImages: ROWS_LOOKED_AT }))
    most = Math.max(most, numBoxes);
  return most;
}

/** Also proves that there is a first row. */
async function firstLineEnding(source: ByteSource): Promise<'\n' | '\r\n'> {
  for await (const { lineEnding } of readObj36(source, { maxImages: 1 }))
    return lineEnding === '\r\n' ? '\r\n' : '\n';
  throw new LxmertError(`${source.name} holds no rows.`);
}

async function describeResult(folder: string, numKept: number): Promise<ConvertResult> {
  const shards = (await listShardFiles(folder)).map((file) => openShard(file));
  const numImagesOf = (some: Shard[]) => some.reduce((sum, shard) => sum + shard.numImages, 0);
  return {
    numImages: numImagesOf(shards),
    numShards: shards.length,
    numResumed: numImagesOf(shards.slice(0, numKept)),
    numDuplicates: 0,
    alreadyComplete: false,
    interrupted: false,
    numBytes: shards.reduce((sum, shard) => sum + shard.fileBytes, 0),
  };
}
