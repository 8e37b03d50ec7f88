/** @file Reading a whole feature store again to find what is wrong with it. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { messageOf } from '../common/errors.js';
import { excerpt } from '../common/excerpt.js';
import { type Progress, silentProgress } from '../common/progress.js';
import { findNonFiniteFloat16 } from '../formats/float16.js';
import { formatCount, formatNumber } from '../formats/numbers.js';
import type { PictureBoxes } from './boxForms.js';
import { type BoxReach, formatReach, joinReach, reachOf } from './boxReach.js';
import {
  findSummaryProblem,
  formatSummary,
  joinSummaries,
  NO_VALUES,
  rangeOf,
  summarizeValues,
  type ValueSummary,
} from './featureValues.js';
import { type FeatureRow, findRowProblem } from './row.js';
import type { Shard } from './shardFile.js';
import { readBlocks, rowOfBlock, type ShardBlock } from './shardRows.js';
import { openShards } from './storeFiles.js';
import { findFormProblem } from './storeSample.js';

export interface StoreProblem {
  /** Path of the shard, or of the store when it does not open. */
  readonly shard: string;
  readonly imageId: string | null;
  readonly message: string;
}

export interface VerifyResult {
  readonly path: string;
  readonly numImages: number;
  readonly numShards: number;
  /** Images with fewer boxes than the store has room for. */
  readonly numShortImages: number;
  /** Of all feature values. */
  readonly values: ValueSummary;
  /** How far boxes reach, as shares of their pictures' sides. */
  readonly reach: BoxReach;
  /** The first of them, in file order. */
  readonly problems: readonly StoreProblem[];
  readonly numProblems: number;
}

/** More are counted but not listed. */
const MAX_LISTED = 100;

/**
 * Checks every shard: header and sizes, the checksum, ids that occur twice, and for every image the number of
 * boxes, sizes, labels, values that its detector can have made, boxes inside the image and in pixels, and zeros in the
 * padding. An aborted `signal` ends it
 * with the signal's reason.
 */
export async function verifyStore(
  path: string,
  { progress = silentProgress, signal }: { progress?: Progress; signal?: AbortSignal } = {},
): Promise<VerifyResult> {
  const problems: StoreProblem[] = [];
  let numProblems = 0;
  const report = (shard: string, imageId: string | null, message: string): void => {
    if (numProblems++ < MAX_LISTED) problems.push({ shard, imageId, message });
  };
  const shards = tryOpen(path, report);
  const numImages = shards.reduce((sum, shard) => sum + shard.numImages, 0);
  findRepeatedIds(shards, report);
  const seen = new StoreNumbers();
  let numDone = 0;
  for (const shard of shards) {
    const found = await checksum(shard);
    if (found !== shard.metadata.sha256)
      report(
        shard.path,
        null,
        shard.metadata.sha256 === ''
          ? `its header has no checksum (sha256); its content gives ${found}.`
          : `the checksum in its header is ${excerpt(shard.metadata.sha256)}, its content gives ${found}.`,
      );
    for await (const block of readBlocks(shard)) {
      checkBlock(shard, block, report, seen);
      signal?.throwIfAborted();
      numDone += block.numImages;
      progress.update(numDone, numImages);
    }
  }
  const problem = seen.findProblem();
  if (problem !== undefined) report(path, null, problem);
  const { numShortImages, values, reach } = seen;
  return { path, numImages, numShards: shards.length, numShortImages, values, reach, problems, numProblems };
}

/** Images from which on boxes that reach no further than the middle of any picture are in another unit. */
const ENOUGH_IMAGES = 16;
/** Pictures whose boxes are looked at together. */
const NUM_PICTURES = 64;

/** What the images of a store hold taken together. */
class StoreNumbers {
  numShortImages = 0;
  values: ValueSummary = NO_VALUES;
  reach: BoxReach = { x: 0, y: 0 };
  #numImages = 0;
  /** The first ones. */
  readonly #pictures: PictureBoxes[] = [];

  add(row: FeatureRow, found: ValueSummary): void {
    this.#numImages++;
    this.values = joinSummaries(this.values, found);
    this.reach = joinReach(this.reach, reachOf(row));
    if (this.#pictures.length < NUM_PICTURES) this.#pictures.push(row);
  }

  /** What no image shows by itself. */
  findProblem(): string | undefined {
    const problem = findFormProblem(this.#pictures);
    if (problem !== undefined) return problem;
    const { x, y } = this.reach;
    return this.#numImages >= ENOUGH_IMAGES && Math.min(x, y) < 0.5
      ? `its boxes ${formatReach(this.reach)}, in ${this.#numImages} of them: they are in another unit, or of pictures of another size.`
      : undefined;
  }
}

type Report = (shard: string, imageId: string | null, message: string) => void;

/** A missing store is wrong use and stays an error; a damaged one is what this command reports. */
function tryOpen(path: string, report: Report): Shard[] {
  try {
    return openShards(path);
  } catch (error) {
    if ((error as { exitCode?: number }).exitCode === 2) throw error;
    report(path, null, messageOf(error));
    return [];
  }
}

function findRepeatedIds(shards: readonly Shard[], report: Report): void {
  const seen = new Set<string>();
  for (const shard of shards) {
    for (const id of shard.metadata.imageIds) {
      if (seen.has(id)) report(shard.path, id, 'the store lists this image twice.');
      seen.add(id);
    }
  }
}

async function checksum(shard: Shard): Promise<string> {
  const hash = createHash('sha256');
  const stream = createReadStream(shard.path, { start: shard.dataStart, highWaterMark: 1 << 20 });
  for await (const chunk of stream) hash.update(chunk as Buffer);
  return hash.update(shard.metadata.imageIdsText).digest('hex');
}

function checkBlock(shard: Shard, block: ShardBlock, report: Report, seen: StoreNumbers): void {
  for (let i = 0; i < block.numImages; i++) {
    const imageId = shard.metadata.imageIds[block.firstImage + i] ?? null;
    const problem = findImageProblem(shard, block, i, seen);
    if (problem !== undefined) report(shard.path, imageId, problem);
    if (Number(block.numBoxes[i]) < shard.layout.numBoxes) seen.numShortImages++;
  }
}

function findImageProblem(
  shard: Shard,
  block: ShardBlock,
  i: number,
  seen: StoreNumbers,
): string | undefined {
  const { numBoxes: room, featureSize } = shard.layout;
  const n = Number(block.numBoxes[i]);
  if (!(n >= 1 && n <= room)) return `num_boxes is ${n}; expected 1 to ${room}.`;
  if (block.features instanceof Uint16Array) {
    const from = i * room * featureSize;
    const bad = findNonFiniteFloat16(block.features.subarray(from, from + n * featureSize));
    if (bad >= 0) return `features of box ${Math.floor(bad / featureSize)} are not finite.`;
  }
  const row = rowOfBlock(shard, block, i);
  const found = summarizeValues(row.features);
  seen.add(row, found);
  return (
    findRowProblem(row) ??
    findSummaryProblem(found, rangeOf(shard.metadata.provenance)) ??
    findPaddingProblem(shard, block, i, n)
  );
}

function findPaddingProblem(shard: Shard, block: ShardBlock, i: number, n: number): string | undefined {
  const { numBoxes: room, featureSize } = shard.layout;
  const arrays = {
    features: [block.features, featureSize],
    boxes: [block.boxes, 4],
    objects_id: [block.objectsId, 1],
    objects_conf: [block.objectsConf, 1],
    attrs_id: [block.attrsId, 1],
    attrs_conf: [block.attrsConf, 1],
  } as const;
  for (const [name, [array, values]] of Object.entries(arrays)) {
    // Compared loosely across number and bigint: 0 and 0n are both falsy.
    for (let k = (i * room + n) * values; k < (i + 1) * room * values; k++) {
      if (array[k]) return `${name} holds values beyond its ${n} boxes, where there should be zeros.`;
    }
  }
  return undefined;
}

/** Lines for a person. */
export function formatVerifyResult(result: VerifyResult): string {
  const counted = `${formatCount(result.numImages, 'image')} in ${formatCount(result.numShards, 'shard')}`;
  const short =
    result.numShortImages === 0
      ? ''
      : `, ${formatNumber(result.numShortImages)} with fewer boxes than there is room for`;
  const numbers =
    result.values.numValues === 0
      ? []
      : [`features ${formatSummary(result.values)}`, `boxes    ${formatReach(result.reach)}`];
  if (result.numProblems === 0)
    return `${[...numbers, `${result.path}: ${counted}${short}; nothing is wrong.`].join('\n')}\n`;
  const lines = result.problems.map(
    ({ shard, imageId, message }) => `${shard}${imageId === null ? '' : `, image ${imageId}`}: ${message}`,
  );
  const rest = result.numProblems - result.problems.length;
  if (rest > 0) lines.push(`and ${formatNumber(rest)} more`);
  lines.push(`${result.path}: ${counted}${short}; ${formatCount(result.numProblems, 'problem')}.`);
  return `${[...numbers, ...lines].join('\n')}\n`;
}
