/** @file Region features of many pictures: resumable, shared by any number of processes, whole at the end or absent. */

import { setImmediate } from 'node:timers/promises';
import { hasErrorCode, LxmertError } from '../common/errors.js';
import { type Progress, silentProgress } from '../common/progress.js';
import type { FeatureRow } from '../features/row.js';
import type { FeatureDType } from '../features/shardFormat.js';
import { DEFAULT_SHARD_IMAGES } from '../features/storeWriter.js';
import type { DetectedRegions, RegionDetector } from '../vision/detector/index.js';
import type { ImageFile } from '../vision/imageFiles.js';
import type { Claim } from './claim.js';
import { contentHash } from './contentHash.js';
import type { GivenBoxes } from './givenBoxes.js';
import { KnownRows } from './knownRows.js';
import { batchesOfOneSize, type LoadedPicture, loadAhead, loadPicture } from './loadPictures.js';
import { type Output, outputFor } from './output.js';
import type { RowLogWriter } from './rowLog.js';
import { WorkFolder } from './workFolder.js';

/** What an extraction asks of a detector. */
export type Detector = Pick<
  RegionDetector,
  'profile' | 'provenance' | 'prepare' | 'detectPrepared' | 'describeBoxes'
>;

export interface ExtractionOptions {
  /** In the order that the output gets. */
  readonly images: readonly ImageFile[];
  readonly detector: Detector;
  /** A file that ends with .tsv, or the folder of a store. */
  readonly out: string;
  /** How a store keeps feature values; a TSV file has float32. Default float16. */
  readonly dtype?: FeatureDType;
  readonly shardImages?: number;
  /** Pictures of one size that the detector sees together. Default 1: on a processor more are no faster. */
  readonly batchSize?: number;
  /** Boxes to describe instead of those that the detector proposes. */
  readonly boxes?: GivenBoxes;
  /** This process's share of the job. Without it, processes take what nobody has taken. */
  readonly share?: { readonly rank: number; readonly worldSize: number };
  /** Images that a process claims at once. Default 32. */
  readonly blockSize?: number;
  /** Told images done, by all processes, and images in all. */
  readonly progress?: Progress;
  /** The same for putting the output together. */
  readonly assemblyProgress?: Progress;
  /** Told at once of each picture that gives no features. */
  readonly onSkip?: (skipped: SkippedImage) => void;
  /** Once aborted, the job stops after the picture in work; it goes on another time. */
  readonly signal?: AbortSignal | undefined;
}

/** A picture without features, and the sentence that says why. */
export interface SkippedImage {
  readonly id: string;
  readonly file: string;
  readonly reason: string;
}

export interface ExtractionResult {
  readonly out: string;
  /** False when the job was stopped, or others are still at work on it: the output is not there yet, or as it was. */
  readonly isComplete: boolean;
  readonly wasInterrupted: boolean;
  /** Images in the list. */
  readonly numListed: number;
  /** Images that this process looked at. */
  readonly numExtracted: number;
  /** Images of the list that still have to be looked at, by other processes or another time. */
  readonly numLeft: number;
  /** Images of the whole output, those of earlier extractions included; null while it is not complete. */
  readonly numImages: number | null;
  /** Of these, images with fewer regions than the profile's least; null while it is not complete. */
  readonly numShort: number | null;
  readonly skipped: readonly SkippedImage[];
}

const DEFAULT_BLOCK_SIZE = 32;
/** Milliseconds of work that a loss of power may cost. */
const SYNC_INTERVAL = 5000;

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
  const extraction = await Extraction.begin(options);
  await extraction.extractBlocks();
  return await extraction.finish();
}

class Extraction {
  #numExtracted = 0;
  #log: RowLogWriter | undefined;
  #lastSync = Date.now();

  private constructor(
    private readonly options: ExtractionOptions,
    private readonly output: Output,
    private readonly work: WorkFolder,
    private readonly known: KnownRows,
  ) {}

  static async begin(options: ExtractionOptions): Promise<Extraction> {
    const { images, detector, boxes, out } = options;
    const provenance = boxes === undefined ? detector.provenance : provenanceOfGivenBoxes(detector);
    const isTsv = out.toLowerCase().endsWith('.tsv');
    const dtype = isTsv ? 'float32' : (options.dtype ?? 'float16');
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
      blockSize: options.blockSize ?? DEFAULT_BLOCK_SIZE,
    };
    // Refused before a folder is made for it.
    await output.keptRows();
    for (;;) {
      const work = await WorkFolder.join(out, settings);
      const known = await readKnown(output, work);
      // Where another process finished the job at this moment, its rows may have been seen in neither place.
      if (known !== undefined && work.isThere) return new Extraction(options, output, work, known);
    }
  }

  /** Does every block that is this process's, or that nobody has. */
  async extractBlocks(): Promise<void> {
    const { share, signal } = this.options;
    try {
      for (let block = share?.rank ?? 0; block < this.work.numBlocks; block += share?.worldSize ?? 1) {
        if (signal?.aborted) return;
        if ((await this.work.doneBlocks()).has(block)) continue;
        const claim = await this.work.claimBlock(block);
        if (claim === undefined) continue;
        try {
          if (await this.#extractBlock(block, claim)) await this.work.markDone(block);
        } finally {
          await claim.release();
        }
      }
    } finally {
      await this.#log?.close();
    }
  }

  /** Puts the output together when nothing is left to do for anyone. */
  async finish(): Promise<ExtractionResult> {
    const done = await this.work.doneBlocks();
    const numLeft = this.#countImages((block) => !done.has(block));
    if (numLeft > 0 || this.options.signal?.aborted === true) return await this.#unfinished(numLeft);
    const claim = await this.work.claimAssembly();
    if (claim === undefined) return await this.#unfinished(0);
    try {
      return await this.#assemble(claim);
    } finally {
      await claim.release();
    }
  }

  /** @returns false when it was stopped on the way */
  async #extractBlock(block: number, claim: Claim): Promise<boolean> {
    const { images, boxes, batchSize = 1, signal, detector } = this.options;
    const waiting: ImageFile[] = [];
    for (const image of images.slice(...this.work.rangeOf(block))) {
      const given = boxes?.has(image.id) === true ? boxes.boxesOf(image.id) : undefined;
      if (!(await this.known.isUpToDate(image, given))) waiting.push(image);
      await claim.renew();
    }
    const numKnown = (await this.#countDone()) + this.#sizeOf(block) - waiting.length;
    let numDone = 0;
    const report = (): void => this.options.progress?.update(numKnown + numDone, images.length);
    report();
    const load = (image: ImageFile) => loadPicture(image, (decoded) => detector.prepare(decoded), boxes);
    const skip = (image: ImageFile, reason: string): Promise<void> => this.#skip(image, reason);
    async function* pictures(): AsyncGenerator<LoadedPicture> {
      for await (const loaded of loadAhead(waiting, batchSize, load)) {
        if (signal?.aborted) return;
        if ('prepared' in loaded) yield loaded;
        else {
          numDone++;
          await skip(loaded.image, loaded.reason);
        }
      }
    }
    for await (const batch of batchesOfOneSize(pictures(), batchSize)) {
      // What was gathered before a signal is not begun any more.
      if (signal?.aborted) break;
      await this.#extractBatch(batch);
      numDone += batch.length;
      report();
      await claim.renew();
      // Signals and timers have their turn between pictures.
      await setImmediate();
    }
    await this.#log?.sync();
    report();
    return numDone === waiting.length;
  }

  async #extractBatch(batch: readonly LoadedPicture[]): Promise<void> {
    const { detector } = this.options;
    const found = batch.some(({ boxes }) => boxes !== undefined)
      ? batch.map(({ prepared, boxes }) => detector.describeBoxes(prepared, boxes as Float32Array))
      : detector.detectPrepared(batch.map(({ prepared }) => prepared));
    for (const [i, { image, picture, boxes }] of batch.entries()) {
      const regions = found[i] as DetectedRegions;
      if (regions.numBoxes === 0) {
        await this.#skip(image, `The detector proposes no region in ${image.file}.`);
        continue;
      }
      this.#numExtracted++;
      const hash = contentHash(picture.sha256, boxes);
      await (await this.#openLog()).add({ imageId: image.id, ...regions }, hash, picture);
    }
    if (Date.now() - this.#lastSync < SYNC_INTERVAL) return;
    this.#lastSync = Date.now();
    await this.#log?.sync();
  }

  async #skip({ id, file }: ImageFile, reason: string): Promise<void> {
    this.options.onSkip?.({ id, file, reason });
    await (await this.#openLog()).skip(id, file, reason);
  }

  async #openLog(): Promise<RowLogWriter> {
    this.#log ??= await this.work.newLog();
    return this.#log;
  }

  #sizeOf(block: number): number {
    const [first, end] = this.work.rangeOf(block);
    return end - first;
  }

  async #countDone(): Promise<number> {
    const done = await this.work.doneBlocks();
    return this.#countImages((block) => done.has(block));
  }

  #countImages(counts: (block: number) => boolean): number {
    let num = 0;
    for (let block = 0; block < this.work.numBlocks; block++) {
      if (counts(block)) num += this.#sizeOf(block);
    }
    return num;
  }

  async #unfinished(numLeft: number): Promise<ExtractionResult> {
    return {
      ...this.#facts(this.#skippedAmong((await readKnown(this.output, this.work)) ?? this.known)),
      isComplete: false,
      numLeft,
      numImages: null,
      numShort: null,
    };
  }

  #facts(skipped: readonly SkippedImage[]) {
    const { images, out, signal } = this.options;
    return {
      out,
      wasInterrupted: signal?.aborted === true,
      numListed: images.length,
      numExtracted: this.#numExtracted,
      skipped,
    };
  }

  #skippedAmong(known: KnownRows): SkippedImage[] {
    return this.options.images.flatMap(({ id }) => {
      const record = known.skipped(id);
      return record === undefined ? [] : [{ id, file: record.file, reason: record.reason }];
    });
  }

  async #assemble(claim: Claim): Promise<ExtractionResult> {
    const known = await KnownRows.read(await this.output.keptRows(), await this.work.logs());
    const { images, out } = this.options;
    const skipped = this.#skippedAmong(known);
    const kept = new Set((await this.output.keptRows()).map(({ imageId }) => imageId));
    const order = [...kept, ...images.map(({ id }) => id).filter((id) => !kept.has(id))].filter(
      (id) => known.get(id) !== undefined,
    );
    if (order.length === 0) {
      const [first] = skipped;
      throw new LxmertError(
        `None of the ${images.length} images gave features${first === undefined ? '' : `. The first: ${first.reason}`}`,
      );
    }
    const tally = { numShort: 0 };
    if (known.hasNew) {
      await this.output.replace(this.#rowsInOrder(order, known, claim, tally), this.work.assembly);
    }
    await this.work.remove();
    return {
      ...this.#facts(skipped),
      out,
      isComplete: true,
      numLeft: 0,
      numImages: order.length,
      numShort: known.hasNew ? tally.numShort : null,
    };
  }

  async *#rowsInOrder(
    order: readonly string[],
    known: KnownRows,
    claim: Claim,
    tally: { numShort: number },
  ): AsyncGenerator<{ row: FeatureRow; contentHash: string }> {
    const { assemblyProgress = silentProgress, signal, detector, boxes } = this.options;
    const least = boxes === undefined ? detector.profile.minBoxes : 0;
    for (const [i, id] of order.entries()) {
      signal?.throwIfAborted();
      const kept = known.get(id);
      if (kept === undefined) continue;
      const row = await kept.read();
      if (row.numBoxes < least) tally.numShort++;
      yield { row, contentHash: kept.contentHash };
      assemblyProgress.update(i + 1, order.length);
      await claim.renew();
    }
  }
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

/** Numbers of boxes do not matter then; that they were given does. */
function provenanceOfGivenBoxes({ provenance }: Detector): Detector['provenance'] {
  const { minBoxes: _min, maxBoxes: _max, ...settings } = provenance.settings;
  return { ...provenance, settings: { ...settings, boxes: 'given' } };
}
