/** @file Region features of many pictures: resumable, shared by any number of processes, whole at the end or absent. */

import { hasErrorCode } from '../common/errors.js';
import { DEFAULT_SHARD_IMAGES } from '../features/files.js';
import { assemble } from './assemble.js';
import { BlockWorker } from './blockWorker.js';
import { isTsv } from './keptRows.js';
import { KnownRows } from './knownRows.js';
import type { Output } from './output.js';
import { outputFor } from './outputFor.js';
import { batchSizeOf, type ExtractionOptions, type ExtractionResult, provenanceOf } from './settings.js';
import { WorkFolder } from './workFolder.js';

/** What is handed out at once. */
const BLOCKS = {
  /** Images of a block at most. */
  maxSize: 32,
  /** Blocks that a short list still has, so that several processes have something to do. */
  least: 64,
};
/** Pixels are described so soon that ends of blocks, which wait for the disk, would count. */
const DESCRIBED_BLOCKS = { maxSize: 256, least: 16 };

/**
 * Finds the regions of pictures and writes them as a store or a TSV file. What is done is kept beside the output
 * (`OUT.extracting`) and never done again, as long as a picture's content stays the same; when all is done, the output
 * takes its place at once. An output that is there already is added to.
 *
 * A picture that cannot be decoded is skipped and told of, never a reason to stop.
 *
 * @throws UsageError when the output or the work in progress has another origin; LxmertError when no picture gave
 * features, when the detector gives what is no number, or when files cannot be written
 */
export async function extractFeatures(options: ExtractionOptions): Promise<ExtractionResult> {
  const job = await begin(options);
  const worker = new BlockWorker(options, job.work, job.known);
  try {
    await extractBlocks(options, job.work, worker);
  } finally {
    await worker.close();
  }
  return await finish(options, job, worker.numExtracted);
}

interface Job {
  readonly output: Output;
  readonly work: WorkFolder;
  readonly known: KnownRows;
}

async function begin(options: ExtractionOptions): Promise<Job> {
  const { images, detector, boxes, out } = options;
  const provenance = provenanceOf(options);
  const dtype = isTsv(out) ? 'float32' : (options.dtype ?? 'float16');
  const output = outputFor(out, {
    provenance,
    dtype,
    shardImages: options.shardImages ?? DEFAULT_SHARD_IMAGES,
    numBoxes: boxes?.mostBoxes ?? detector.profile.maxBoxes,
  });
  const settings = {
    provenance,
    dtype,
    imageIds: images.map(({ id }) => id),
    blockSize: options.blockSize ?? blockSizeFor(options),
  };
  // Refused before a folder is made for it.
  await output.keptRows();
  for (;;) {
    const work = await WorkFolder.join(out, settings);
    const known = await readKnown(output, work);
    // Where another process finished the job at this moment, its rows may have been seen in neither place.
    if (known !== undefined && work.isThere) return { output, work, known };
  }
}

/** Does every block that is this process's, or that nobody has. */
async function extractBlocks(
  { share, signal }: ExtractionOptions,
  work: WorkFolder,
  worker: BlockWorker,
): Promise<void> {
  for (let block = share?.rank ?? 0; block < work.numBlocks; block += share?.worldSize ?? 1) {
    if (signal?.aborted) return;
    if ((await work.doneBlocks()).has(block)) continue;
    const claim = await work.claimBlock(block);
    if (claim === undefined) continue;
    try {
      if (await worker.extract(block, claim)) await work.markDone(block);
    } finally {
      await claim.release();
    }
  }
}

/** Puts the output together when nothing is left to do for anyone. */
async function finish(
  options: ExtractionOptions,
  { output, work, known }: Job,
  numExtracted: number,
): Promise<ExtractionResult> {
  const { out, images, signal } = options;
  const facts = { out, wasInterrupted: signal?.aborted === true, numListed: images.length, numExtracted };
  const numLeft = images.length - (await work.countDoneImages());
  const claim = numLeft > 0 || facts.wasInterrupted ? undefined : await work.claimAssembly();
  if (claim === undefined) {
    const skipped = ((await readKnown(output, work)) ?? known).skippedAmong(images);
    return { ...facts, isComplete: false, numLeft, numImages: null, numShort: null, skipped };
  }
  try {
    return { ...facts, isComplete: true, numLeft, ...(await assemble(options, output, work, claim)) };
  } finally {
    await claim.release();
  }
}

function blockSizeFor(options: ExtractionOptions): number {
  const { maxSize, least } = 'describe' in options.detector ? DESCRIBED_BLOCKS : BLOCKS;
  return Math.max(batchSizeOf(options), Math.min(maxSize, Math.ceil(options.images.length / least)));
}

/** Rows of the output and of all processes; undefined when the logs vanish meanwhile. */
async function readKnown(output: Output, work: WorkFolder): Promise<KnownRows | undefined> {
  try {
    return await KnownRows.read(await output.keptRows(), await work.logs());
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT') && !work.isThere) return undefined;
    throw error;
  }
}
