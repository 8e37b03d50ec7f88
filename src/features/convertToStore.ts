/** @file Converting obj36 TSV rows, from a file or out of a zip archive, to a feature store; an interrupted conversion goes on where it stopped. */

import { LxmertError, UsageError } from '../common/errors.js';
import { type Progress, silentProgress } from '../common/progress.js';
import { systemFault } from '../common/systemFault.js';
import { asByteSource, type ByteSource, untilAborted } from '../formats/lines/byteSource.js';
import { PIXEL_CORNERS } from './boxForms.js';
import { BrokenRows } from './brokenRows.js';
import { PLAUSIBLE_RANGE, RANGE_SETTING } from './featureValues.js';
import {
  type BrokenRow,
  type LocatedRow,
  type Obj36ReadOptions,
  readObj36,
  scanObj36,
} from './obj36Reader.js';
import { LABELS_SETTING, type Provenance } from './provenance.js';
import { openShard, type Shard } from './shardFile.js';
import type { Conversion, FeatureDType } from './shardFormat.js';
import { listShardFiles } from './storeFiles.js';
import { type ConversionSettings, DEFAULT_SHARD_IMAGES, FeatureStoreWriter } from './storeWriter.js';
import { RowError } from './tsvFields.js';
import { type StatedTable, surveyTsv, type TsvForm, type TsvSurvey } from './tsvForm.js';
import { unknownProvenance } from './unknownProvenance.js';

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
  const source = untilAborted(asByteSource(from), options.signal);
  const sourceBytes = await source.size();
  if (options.maxImages !== undefined && !(options.maxImages >= 1))
    throw new UsageError(`The number of images to convert should be 1 or more; found ${options.maxImages}.`);
  const survey = await surveyTsv(source, options);
  if (survey.notes.length > 0) options.notice?.(`${source.name}: ${survey.notes.join('; ')}.`);
  const plan = makePlan(source, sourceBytes, survey, options);
  const kept = await keepShards(folder, source, plan);
  const lastKept = kept.at(-1);
  const broken = await BrokenRows.open(folder, lastKept?.metadata.conversion?.toByte ?? 0);
  if (lastKept?.metadata.last === true)
    return { ...(await describeResult(folder, kept.length, broken)), alreadyComplete: true };

  const writer = await FeatureStoreWriter.create(
    folder,
    {
      ...plan,
      numBoxes: options.numBoxes ?? lastKept?.layout.numBoxes ?? Math.max(survey.mostBoxes, 1),
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
    return { ...(await describeResult(folder, kept.length, broken)), ...copied };
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
  readonly form: TsvForm;
  readonly dtype: FeatureDType;
  readonly provenance: Provenance;
  readonly settings: ConversionSettings;
}

function makePlan(
  source: ByteSource,
  sourceBytes: number,
  { form, lineEnding }: TsvSurvey,
  options: StoreConvertOptions,
): Plan {
  const provenance = options.provenance ?? unknownProvenance;
  return {
    form,
    dtype: options.dtype ?? 'float16',
    provenance: {
      ...provenance,
      settings: { ...provenance.settings, ...settingsOf(form) },
      source: provenance.source ?? source.fileName,
    },
    settings: {
      sourceBytes,
      shardImages: options.shardImages ?? DEFAULT_SHARD_IMAGES,
      maxImages: options.maxImages ?? null,
      duplicates: options.duplicates ?? 'error',
      lineEnding,
      ...(form.boxForm === PIXEL_CORNERS ? {} : { boxForm: `${form.boxForm.format} ${form.boxForm.unit}` }),
    },
  };
}

/** What whoever reads the store must know of its rows. */
function settingsOf({ columns, range }: TsvForm): Provenance['settings'] {
  return {
    ...(columns.labels === 'all' ? {} : { [LABELS_SETTING]: columns.labels }),
    ...(range === PLAUSIBLE_RANGE ? {} : { [RANGE_SETTING]: `${range.low},${range.high}` }),
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
  source: ByteSource,
  writer: FeatureStoreWriter,
  { plan, after, numResumed, broken, options }: Copying,
): Promise<Pick<ConvertResult, 'numDuplicates' | 'interrupted'>> {
  const progress = options.progress ?? silentProgress;
  const max = plan.settings.maxImages ?? Number.POSITIVE_INFINITY;
  let numDone = numResumed;
  let numDuplicates = 0;
  const reading = {
    form: plan.form,
    start: after?.toByte ?? 0,
    firstLine: (after?.toLine ?? 0) + 1,
    onBroken: options.keepGoing === true ? (row: BrokenRow) => broken.add(row, numDone) : undefined,
  };
  for await (const located of wholeRows(source, reading)) {
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
      const sourceBytes = source.estimateSize?.() ?? plan.settings.sourceBytes;
      const estimate = Math.round((sourceBytes / located.end) * (numDone + numDuplicates));
      progress.update(numDone, Math.max(numDone, Math.min(max, estimate)));
    }
  }
  if (numDone === 0 && broken.rows.length > 0)
    throw new LxmertError(`${source.name} holds no row that is sound. The first: ${broken.rows[0]?.message}`);
  progress.update(numDone, numDone);
  return { numDuplicates, interrupted: false };
}

/** The rows of a file; an error at one says how to go on without it. */
async function* wholeRows(
  source: ByteSource,
  reading: Obj36ReadOptions,
): AsyncGenerator<LocatedRow, void, undefined> {
  try {
    yield* readObj36(source, reading);
  } catch (error) {
    if (!(error instanceof RowError)) throw error;
    throw new LxmertError(
      `${error.message} With --keep-going such rows are left out and listed; a whole row of the same image is taken.`,
      { cause: error },
    );
  }
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
  if (last !== undefined) await checkSameSource(source, last, plan.form);
  return kept;
}

function findDifference(shard: Shard, plan: Plan): string | undefined {
  const { conversion, provenance } = shard.metadata;
  if (conversion === null) return `${shard.path} was not made from a TSV file`;
  const { featureSize } = plan.form.features;
  if (shard.layout.featureSize !== featureSize)
    return `${shard.path} holds ${shard.layout.featureSize} values for each box, and they are read as ${featureSize} now`;
  if (shard.layout.dtype !== plan.dtype)
    return `${shard.path} holds ${shard.layout.dtype} features, and ${plan.dtype} was asked for`;
  for (const [name, wanted] of Object.entries({ boxForm: undefined, ...plan.settings })) {
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
async function checkSameSource(source: ByteSource, shard: Shard, form: TsvForm): Promise<void> {
  const { conversion, imageIds } = shard.metadata;
  if (conversion === null) return;
  const expected = imageIds[0];
  for await (const { imageId } of scanAt(source, form, conversion.fromByte, conversion.fromLine)) {
    if (imageId === expected) return;
  }
  throw new UsageError(
    `${source.name} is not the file that ${shard.path} was made from: image ${expected} is not at line ${conversion.fromLine}. ` +
      'Choose another folder.',
  );
}

async function* scanAt(
  source: ByteSource,
  form: TsvForm,
  start: number,
  firstLine: number,
): AsyncGenerator<{ imageId: string }> {
  try {
    yield* scanObj36(source, { form, start, firstLine, maxImages: 1 });
  } catch (error) {
    // A position inside a row does not parse; the caller then finds no match and says so.
    if (!(error instanceof LxmertError)) throw error;
  }
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
