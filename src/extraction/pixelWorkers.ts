/** @file Regions from pixels for many pictures: threads that each read, decode and describe their own. */

import type { Worker } from 'node:worker_threads';
import { startThread } from '../common/loadInTurn.js';
import { programName } from '../common/version.js';
import { LABELS_SETTING, type Provenance } from '../features/files.js';
import { pixelFinder } from '../inference/regionFinder.js';
import type { ImageFile } from '../vision/imageFiles.js';
import type { DescribedPicture, SkippedPicture } from './describedPicture.js';
import type { StatedBoxes } from './givenBoxes.js';
import { describePicture } from './loadPictures.js';
import { describeFromPixels, type PixelJob, type PixelReply, type PixelSettings } from './pixelRegions.js';
import type { PictureDescriber } from './settings.js';

interface Waiting {
  readonly resolve: (described: DescribedPicture | SkippedPicture) => void;
  readonly reject: (error: unknown) => void;
}

interface Member {
  readonly worker: Worker;
  readonly waiting: Map<number, Waiting>;
}

/** Pictures for each thread that are asked for, in work, or described and wait for one before them. */
const NUM_PER_THREAD = 32;
/** Where there is none, as many are decoded at once. */
const NUM_IN_THIS_THREAD = 3;

/** Describes pictures from their pixels, in threads of its own; in this one where a single one is asked for. */
export class PixelWorkers implements PictureDescriber, Disposable {
  readonly profile: { readonly minBoxes: number; readonly maxBoxes: number };
  readonly provenance: Provenance;
  readonly numAtOnce: number;
  readonly #members: readonly Member[];
  #numJobs = 0;

  /**
   * @param program of a thread; another in tests
   * @throws UsageError for settings that are not possible
   */
  constructor(
    private readonly settings: PixelSettings,
    numThreads: number,
    program = new URL('./pixelProgram.js', import.meta.url),
  ) {
    const { provenance } = pixelFinder(settings, programName());
    this.provenance = { ...provenance, settings: { ...provenance.settings, [LABELS_SETTING]: 'none' } };
    this.profile = { minBoxes: settings.numBoxes, maxBoxes: settings.numBoxes };
    this.numAtOnce = numThreads === 1 ? NUM_IN_THIS_THREAD : numThreads * NUM_PER_THREAD;
    this.#members =
      numThreads === 1 ? [] : Array.from({ length: numThreads }, () => startWorker(program, settings));
  }

  async describe(image: ImageFile, boxes?: StatedBoxes): Promise<DescribedPicture | SkippedPicture> {
    const member = this.#leastBusy();
    if (member === undefined) {
      return await describePicture(
        image,
        (decoded, given) => describeFromPixels(decoded, this.settings, given),
        boxes,
      );
    }
    const id = this.#numJobs++;
    return await new Promise((resolve, reject) => {
      member.waiting.set(id, { resolve, reject });
      member.worker.postMessage({ id, image, boxes } satisfies PixelJob);
    });
  }

  [Symbol.dispose](): void {
    for (const { worker } of this.#members) void worker.terminate();
  }

  #leastBusy(): Member | undefined {
    let least: Member | undefined;
    for (const member of this.#members) {
      if (least === undefined || member.waiting.size < least.waiting.size) least = member;
    }
    return least;
  }
}

function startWorker(program: URL, settings: PixelSettings): Member {
  const worker = startThread(program, settings);
  const waiting = new Map<number, Waiting>();
  worker.on('message', (reply: PixelReply) => {
    const asked = waiting.get(reply.id);
    waiting.delete(reply.id);
    asked?.resolve(reply.described);
  });
  const fail = (error: unknown): void => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on('error', fail);
  worker.on('exit', (code) => fail(new Error(`A thread that describes pictures ended with code ${code}.`)));
  return { worker, waiting };
}
