/** @file This process's work on the pictures of a job: block by block into its log. */

import { setImmediate } from 'node:timers/promises';
import type { Claim } from '../common/claim.js';
import { LxmertError } from '../common/errors.js';
import { type FeatureRange, findValueProblem, rangeOf } from '../features/files.js';
import type { DetectedRegions } from '../vision/detector/index.js';
import type { ImageFile } from '../vision/imageFiles.js';
import { contentHash, type PictureFile } from './contentHash.js';
import type { DescribedPicture, SkippedPicture } from './describedPicture.js';
import type { KnownRows } from './knownRows.js';
import {
  batchesOfOneSize,
  type LoadedPicture,
  loadPicture,
  orSkipped,
  prefetchLoads,
} from './loadPictures.js';
import type { RowLogWriter } from './rowLog.js';
import { batchSizeOf, type Detector, type ExtractionOptions, provenanceOf } from './settings.js';
import type { WorkFolder } from './workFolder.js';

/** Milliseconds of work that a loss of power may cost. */
const SYNC_INTERVAL = 5000;

export class BlockWorker {
  #numExtracted = 0;
  #log: RowLogWriter | undefined;
  #lastSync = Date.now();
  readonly #featureRange: FeatureRange;

  constructor(
    private readonly options: ExtractionOptions,
    private readonly work: WorkFolder,
    private readonly known: KnownRows,
  ) {
    this.#featureRange = rangeOf(provenanceOf(options));
  }

  /** Pictures that gave features here. */
  get numExtracted(): number {
    return this.#numExtracted;
  }

  /**
   * Detects the regions of what in a block is not known or has changed.
   *
   * @returns false when it was stopped on the way
   */
  async extract(block: number, claim: Claim): Promise<boolean> {
    const { images, boxes, signal, detector } = this.options;
    const batchSize = batchSizeOf(this.options);
    const isDescriber = 'describe' in detector;
    const waiting = await this.#waitingIn(block, claim);
    const [first, end] = this.work.rangeOf(block);
    const numKnown = (await this.work.countDoneImages()) + end - first - waiting.length;
    let numDone = 0;
    const report = (): void => this.options.progress?.update(numKnown + numDone, images.length);
    report();
    const load = (image: ImageFile): Promise<LoadedPicture | DescribedPicture | SkippedPicture> =>
      isDescriber
        ? orSkipped(image, () => detector.describe(image, boxes?.of(image.id)))
        : loadPicture(image, detector, boxes);
    const numPrefetched = isDescriber ? detector.numAtOnce : batchSize;
    const keep = ({ image, picture, regions }: DescribedPicture) => this.#keep(image, picture, regions);
    const skip = (image: ImageFile, reason: string): Promise<void> => this.#skip(image, reason);
    async function* pictures(): AsyncGenerator<LoadedPicture> {
      for await (const loaded of prefetchLoads(waiting, numPrefetched, load)) {
        if (signal?.aborted) return;
        if ('prepared' in loaded) yield loaded;
        else {
          numDone++;
          if ('regions' in loaded) await keep(loaded);
          else await skip(loaded.image, loaded.reason);
          report();
          await claim.renew();
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

  async close(): Promise<void> {
    await this.#log?.close();
  }

  async #waitingIn(block: number, claim: Claim): Promise<ImageFile[]> {
    const { images, boxes } = this.options;
    const waiting: ImageFile[] = [];
    for (const image of images.slice(...this.work.rangeOf(block))) {
      const given = boxes?.has(image.id) === true ? boxes.identityOf(image.id) : undefined;
      if (!(await this.known.isUpToDate(image, given))) waiting.push(image);
      await claim.renew();
    }
    return waiting;
  }

  async #extractBatch(batch: readonly LoadedPicture[]): Promise<void> {
    const detector = this.options.detector as Detector;
    const found = batch.some(({ boxes }) => boxes !== undefined)
      ? batch.map(({ prepared, boxes }) => detector.describeBoxes(prepared, boxes as Float32Array))
      : detector.detectBatch(batch.map(({ prepared }) => prepared));
    for (const [i, { image, picture }] of batch.entries()) {
      await this.#keep(image, picture, found[i] as DetectedRegions);
    }
  }

  async #keep(image: ImageFile, picture: PictureFile, regions: DetectedRegions): Promise<void> {
    if (regions.numBoxes === 0) {
      await this.#skip(image, `The detector proposes no region in ${image.file}.`);
      return;
    }
    this.#requirePossible(image, regions);
    this.#numExtracted++;
    const hash = contentHash(picture.sha256, this.options.boxes?.identityOf(image.id));
    await (await this.#openLog()).add({ imageId: image.id, ...regions }, hash, picture);
    if (Date.now() - this.#lastSync < SYNC_INTERVAL) return;
    this.#lastSync = Date.now();
    await this.#log?.sync();
  }

  /** @throws LxmertError for values that the detector cannot give, before hours are spent on more of them */
  #requirePossible({ file }: ImageFile, { features }: DetectedRegions): void {
    const problem = findValueProblem(features, this.#featureRange);
    if (problem === undefined) return;
    throw new LxmertError(
      `${file}: ${problem} Features are not made here: look at the weights with 'lxmert checkpoint info', or state the range ` +
        'of another detector with --feature-range LOW,HIGH and a new --out.',
    );
  }

  async #skip({ id, file }: ImageFile, reason: string): Promise<void> {
    this.options.onSkip?.({ id, file, reason });
    await (await this.#openLog()).skip(id, file, reason);
  }

  async #openLog(): Promise<RowLogWriter> {
    this.#log ??= await this.work.newLog();
    return this.#log;
  }
}
