/** @file What a file of region features holds that is no store, as data and as text: a table, or any other format that is read. */

import { LxmertError } from '../common/errors.js';
import { asByteSource, type ByteSource } from '../formats/lines/byteSource.js';
import { formatBytes, formatCount, formatNumber } from '../formats/numbers.js';
import { type BoxReach, formatReach, joinReach, reachOf } from './boxReach.js';
import {
  formatSummary,
  joinSummaries,
  NO_VALUES,
  summarizeValues,
  type ValueSummary,
} from './featureValues.js';
import { labelsOf, type Provenance } from './provenance.js';
import { type ArchiveKind, openArchivedTable } from './sources/archivedTable.js';
import { openRowSource } from './sources/openRowSource.js';
import type { PlacedRow, RowSource } from './sources/rowSource.js';
import { openTable } from './sources/tableSource.js';
import { LABELS } from './storeInfo.js';
import { readTsvProvenance } from './tsvProvenance.js';
import { unknownProvenance } from './unknownProvenance.js';

export { sourceKindOf, unpackingOf } from './foreignFiles.js';
export { findFormat } from './sources/openRowSource.js';

/** Rows that are looked at, from the beginning. */
const NUM_SAMPLED = 32;
const NUM_NAMED = 3;

export interface FeatureFileInfo {
  readonly path: string;
  readonly format: string;
  /** Rows in all; an estimate by the first ones where not all were looked at. */
  readonly numImages: number;
  readonly isEstimate: boolean;
  readonly numBytes: number;
  /** Fewest and most boxes of the rows that were looked at. */
  readonly numBoxes: readonly [number, number];
  readonly featureSize: number;
  readonly numLookedAt: number;
  readonly values: ValueSummary;
  readonly reach: BoxReach;
  /** The first row that is not sound, as a sentence. */
  readonly problem: string | undefined;
  /** Phrases about what is not the documented form. */
  readonly notes: readonly string[];
  readonly labels: 'all' | 'objects' | 'none';
  readonly detector: string | null;
  readonly sampleIds: readonly string[];
}

/**
 * Reads the first rows of a table.
 *
 * @param file a TSV file, or one in an archive
 * @param path what to call it
 * @throws LxmertError when it is in no form that is read here
 */
export async function tableInfo(
  file: string | ByteSource,
  path = asByteSource(file).name,
): Promise<FeatureFileInfo> {
  const source = await openTable(asByteSource(file), {}, undefined);
  const beside = typeof file === 'string' ? await readTsvProvenance(file) : undefined;
  return await infoOf(source, path, beside?.provenance);
}

/** Reads the first rows of a table in an archive. @throws as {@link tableInfo} */
export async function archiveInfo(archive: string, kind: ArchiveKind): Promise<FeatureFileInfo> {
  const opened = await openArchivedTable(archive, kind);
  if ('rows' in opened) return await infoOf(opened, archive, undefined);
  try {
    return await tableInfo(opened, archive);
  } finally {
    opened.close();
  }
}

/**
 * Reads the first rows of a file in a format for which {@link findFormat} finds a reader.
 *
 * @throws LxmertError when it is not sound
 */
export async function sourceInfo(path: string): Promise<FeatureFileInfo> {
  const source = await openRowSource(path);
  if (source === undefined) throw new LxmertError(`${path} is in no format of region features that is read.`);
  return await infoOf(source, path, undefined);
}

async function infoOf(
  source: RowSource,
  path: string,
  stated: Provenance | undefined,
): Promise<FeatureFileInfo> {
  try {
    const provenance = stated ?? { ...unknownProvenance, settings: source.settings };
    return {
      path,
      format: source.identity.format ?? 'TSV',
      numBytes: source.numBytes,
      featureSize: source.featureSize,
      notes: source.notes,
      labels: labelsOf(provenance),
      detector: provenance.detector,
      ...(await lookAt(source)),
    };
  } finally {
    source.close();
  }
}

async function lookAt(source: RowSource) {
  let values = NO_VALUES;
  let reach: BoxReach = { x: 0, y: 0 };
  let [fewest, most, numRead] = [Number.POSITIVE_INFINITY, 0, 0];
  let last: PlacedRow | undefined;
  let problem: string | undefined;
  let isEstimate = false;
  const ids: string[] = [];
  try {
    for await (const placed of source.rows()) {
      if (numRead === NUM_SAMPLED) {
        isEstimate = true;
        break;
      }
      const { row } = placed;
      numRead++;
      last = placed;
      if (ids.length < NUM_NAMED) ids.push(row.imageId);
      values = joinSummaries(values, summarizeValues(row.features));
      reach = joinReach(reach, reachOf(row));
      fewest = Math.min(fewest, row.numBoxes);
      most = Math.max(most, row.numBoxes);
    }
  } catch (error) {
    if (!(error instanceof LxmertError) || last === undefined) throw error;
    problem = error.message;
    isEstimate = true;
  }
  return {
    numImages: isEstimate && last !== undefined ? source.estimateRows(last, numRead) : numRead,
    isEstimate,
    numBoxes: [numRead === 0 ? 0 : fewest, most] as const,
    numLookedAt: numRead,
    values,
    reach,
    problem,
    sampleIds: ids,
  };
}

/** `features 0 to 33.5, 35.1 % zeros; boxes reach 99.9 % of ...`: what the rows that were looked at have. */
export function formatFeatureRanges({ values, reach }: FeatureFileInfo): string {
  return `features ${formatSummary(values)}; boxes ${formatReach(reach)}`;
}

/** Lines for a person. */
export function formatFeatureFileInfo(info: FeatureFileInfo): string {
  const [fewest, most] = info.numBoxes;
  const boxes = fewest === most ? String(most) : `${fewest} to ${most}`;
  const names = `${info.sampleIds.join(', ')}${info.numImages > NUM_NAMED ? ', ...' : ''}`;
  const lines: [string, string][] = [
    ['file', `${info.path} (${info.format})`],
    ['images', `${info.isEstimate ? 'about ' : ''}${formatNumber(info.numImages)} (${names})`],
    ['size', formatBytes(info.numBytes)],
    ['features', `${boxes} boxes of ${info.featureSize} values`],
    ['values', `${formatSummary(info.values)} (${formatCount(info.numLookedAt, 'image')} looked at)`],
    ['boxes', formatReach(info.reach)],
    ['labels', LABELS[info.labels]],
    ['detector', info.detector ?? 'not stated'],
    ...info.notes.map((note): [string, string] => ['note', note]),
  ];
  const table = lines.map(([name, value]) => `${name.padEnd(11)} ${value}`);
  const warning = info.problem === undefined ? [] : [`Something is wrong: ${info.problem}`];
  return `${[...table, ...warning].join('\n')}\n`;
}
