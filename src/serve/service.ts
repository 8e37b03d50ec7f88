/** @file What the server does, without HTTP: regions of pictures found once, questions answered in batches, all within limits. */

import { LxmertError } from '../common/errors.js';
import type { Explanation } from '../explain/explanation.js';
import { defaultMethod, type ExplanationMethod } from '../explain/removal.js';
import { type FeatureRow, findRowProblem } from '../features/files.js';
import { bytesToDecode } from '../vision/decodingMemory.js';
import { openPicture } from '../vision/pictureFile.js';
import { BatchQueue } from './batchQueue.js';
import { ByteCache } from './byteCache.js';
import { abortable } from './deadlines.js';
import { requirePixels, requirePlausible } from './givenFeatures.js';
import type { Lease, MemoryBudget } from './memoryBudget.js';
import type { Picture } from './picture.js';
import { ServeError } from './serveError.js';
import type { Answered, AskedQuestion, ModelFacts, SeenPicture, ToExplain } from './workers/protocol.js';
import type { WorkerPool } from './workers/workerPool.js';

export interface ServiceOptions {
  readonly pool: Pick<WorkerPool, 'run' | 'facts'>;
  readonly numWorkers: number;
  /** Questions answered together at most. */
  readonly maxBatch: number;
  /** Milliseconds that a question waits for others. */
  readonly maxWait: number;
  /** Questions, and pictures, that may wait. */
  readonly maxQueued: number;
  /** Bytes of pictures with their regions that are kept. */
  readonly cacheBytes: number;
  /** Of pictures that wait and are decoded. */
  readonly memory: MemoryBudget;
}

/** Bytes of files that are given to a worker together: they are copied on their way. */
const MAX_BATCH_BYTES = 4 * 1024 * 1024;
/** Bytes that a kept picture takes besides its arrays. */
const ENTRY_BYTES = 8192;

/** A picture whose header was read. */
interface ToDetect {
  readonly bytes: Uint8Array;
  /** Bytes that decoding it takes. */
  readonly decoding: number;
}

/** A detection that several requests may wait for. */
interface UnderWay {
  readonly detection: Promise<SeenPicture>;
  /** Takes it out of the queue while it has not begun. */
  readonly controller: AbortController;
  numWaiting: number;
}

export class Service {
  readonly #answers: BatchQueue<AskedQuestion, Answered>;
  readonly #detections: BatchQueue<ToDetect, SeenPicture>;
  readonly #explanations: BatchQueue<ToExplain, Explanation>;
  readonly #cache: ByteCache<SeenPicture>;
  /** Detections that are under way, by picture. */
  readonly #underWay = new Map<string, UnderWay>();
  readonly counts = { cacheHits: 0, cacheMisses: 0, batches: 0, questions: 0, explanations: 0 };

  constructor(private readonly options: ServiceOptions) {
    const { pool, numWorkers, maxBatch, maxWait, maxQueued, cacheBytes } = options;
    this.#cache = new ByteCache(cacheBytes);
    this.#answers = new BatchQueue<AskedQuestion, Answered>({
      maxBatch,
      maxWait,
      maxQueued,
      numWorkers,
      groupOf: ({ imageKey }) => imageKey,
      run: (questions) => {
        this.counts.batches++;
        return pool.run({ kind: 'answer', questions });
      },
    });
    this.#detections = new BatchQueue<ToDetect, SeenPicture>({
      // A detector takes seconds for a picture and is no faster with others; questions about other pictures go in between.
      // Where that is short, from pixels alone, as many are done in a row as questions are answered together.
      maxBatch: pool.facts[0].seesPictures && pool.facts[0].detector === null ? maxBatch : 1,
      maxWait: 0,
      maxQueued,
      numWorkers,
      groupOf: () => '',
      size: { of: ({ bytes }) => bytes.byteLength, most: MAX_BATCH_BYTES },
      run: (pictures) => this.#detect(pictures),
    });
    this.#explanations = new BatchQueue<ToExplain, Explanation>({
      maxBatch: 1,
      maxWait: 0,
      maxQueued,
      numWorkers,
      groupOf: () => '',
      run: async ([asked]) => [await pool.run({ kind: 'explain', asked: asked as ToExplain })],
    });
  }

  get cache(): { readonly numBytes: number; readonly size: number } {
    return this.#cache;
  }

  get numWorkers(): number {
    return this.options.numWorkers;
  }

  get memory(): MemoryBudget {
    return this.options.memory;
  }

  /** Grows with all that is done. */
  get numDone(): number {
    const { cacheMisses, questions, explanations } = this.counts;
    return cacheMisses + questions + explanations;
  }

  get numWaiting(): number {
    return this.#answers.numWaiting + this.#detections.numWaiting + this.#explanations.numWaiting;
  }

  /**
   * Finds the regions of a picture, or remembers them.
   *
   * @param lease the memory that the picture lies in
   * @throws ServeError for what is no picture, for too many at once, and when nothing here finds regions
   */
  async detectRegions(
    picture: Picture,
    signal?: AbortSignal,
    lease?: Lease,
  ): Promise<{ imageId: string; seen: SeenPicture }> {
    if (!this.options.pool.facts[0].seesPictures) {
      throw new ServeError(
        'bad_request',
        'This server has no detector, so it cannot find the regions of a picture. Send features, or start it with --detector.',
      );
    }
    const { imageId } = picture;
    const kept = this.#cache.get(imageId);
    if (kept !== undefined) {
      this.counts.cacheHits++;
      return { imageId, seen: kept };
    }
    const underWay = this.#underWay.get(imageId) ?? this.#begin(picture, lease);
    underWay.numWaiting++;
    try {
      return { imageId, seen: await abortable(underWay.detection, signal) };
    } finally {
      underWay.numWaiting--;
      // Nobody waits for it any more: it need not be begun.
      if (underWay.numWaiting === 0) underWay.controller.abort(new ServeError('timeout', 'Nobody waits.'));
    }
  }

  /** @throws ServeError when the picture is not kept any more */
  recall(imageId: string): SeenPicture {
    const kept = this.#cache.get(imageId);
    if (kept === undefined) {
      throw new ServeError(
        'not_found',
        `The picture ${imageId} is not kept here, or no longer. Send it again.`,
      );
    }
    this.counts.cacheHits++;
    return kept;
  }

  /** @throws ServeError for features that are not sound or not of the model's size */
  async describe(row: FeatureRow): Promise<SeenPicture> {
    requirePixels(row);
    const problem = findRowProblem(row);
    if (problem !== undefined) throw new ServeError('bad_request', `The features are not sound: ${problem}`);
    requirePlausible(row, this.options.pool.facts[0].featureSize);
    return { row, regions: [] };
  }

  /** Answers to each question about a picture. */
  async answer(
    imageKey: string,
    { row }: SeenPicture,
    questions: readonly string[],
    wanted: Omit<AskedQuestion, 'imageKey' | 'row' | 'question'>,
    signal?: AbortSignal,
  ): Promise<Answered[]> {
    const asked = questions.map((question) =>
      abortable(this.#answers.add({ imageKey, row, question, ...wanted }, signal), signal),
    );
    // One failure ends the request; the others must not count as unheard.
    for (const each of asked) each.catch(() => undefined);
    const answered = await Promise.all(asked);
    this.counts.questions += answered.length;
    return answered;
  }

  /** What the answer to a question was found in. */
  async explain(
    asked: Omit<ToExplain, 'method'> & { readonly method?: ExplanationMethod | undefined },
    signal?: AbortSignal,
  ): Promise<Explanation> {
    const { explanationMethods } = this.model(asked.model);
    const { method = defaultMethod(explanationMethods) } = asked;
    if (!explanationMethods.includes(method)) {
      throw new ServeError(
        'bad_request',
        `The model '${asked.model}' is not explained by ${method}, but by ${explanationMethods.join(' and ')}: give that as the method.`,
      );
    }
    const explanation = await abortable(this.#explanations.add({ ...asked, method }, signal), signal);
    this.counts.explanations++;
    return explanation;
  }

  /** The first is asked when a request names none. */
  get models(): readonly ModelFacts[] {
    return this.options.pool.facts;
  }

  /**
   * The model of a name, or the first without one.
   *
   * @throws ServeError when there is none of that name
   */
  model(name: string | undefined): ModelFacts {
    const { facts } = this.options.pool;
    const found = name === undefined ? facts[0] : facts.find((each) => each.name === name);
    if (found !== undefined) return found;
    const names = facts.map((each) => each.name).join(', ');
    throw new ServeError('bad_request', `There is no model '${name}' here; there are: ${names}.`);
  }

  /** True while something waits or is at work. */
  get isBusy(): boolean {
    return (
      this.numWaiting > 0 ||
      [this.#detections, this.#answers, this.#explanations].some(({ isBusy }) => isBusy)
    );
  }

  /** Resolves when all that was begun has ended. */
  async drain(): Promise<void> {
    await this.#detections.drain();
    await this.#answers.drain();
    await this.#explanations.drain();
  }

  #begin({ bytes, imageId }: Picture, lease: Lease | undefined): UnderWay {
    this.counts.cacheMisses++;
    // Its request may end before the work does.
    lease?.hold();
    const controller = new AbortController();
    const detection = this.#toDetect(bytes)
      .then((toDetect) => this.#detections.add(toDetect, controller.signal))
      .then((seen) => {
        this.#cache.set(
          imageId,
          seen,
          seen.row.features.byteLength + seen.row.boxes.byteLength + ENTRY_BYTES,
        );
        return seen;
      })
      .finally(() => {
        this.#underWay.delete(imageId);
        lease?.release();
      });
    detection.catch(() => undefined);
    const underWay = { detection, controller, numWaiting: 0 };
    this.#underWay.set(imageId, underWay);
    return underWay;
  }

  /** Here and not in a worker: what is no picture, or too large, is told of at once, whatever the workers are at. */
  async #toDetect(bytes: Uint8Array): Promise<ToDetect> {
    try {
      return { bytes, decoding: bytesToDecode(await openPicture(bytes)) };
    } catch (error) {
      if (!(error instanceof LxmertError)) throw error;
      throw new ServeError('unprocessable_image', error.message, { cause: error });
    }
  }

  /** A worker has a copy of each, and decodes one after the other. */
  async #detect(pictures: readonly ToDetect[]): Promise<readonly SeenPicture[]> {
    const copies = pictures.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    const { memory, pool } = this.options;
    const lease = await memory.takeForWork(copies + Math.max(...pictures.map(({ decoding }) => decoding)));
    try {
      return await pool.run({ kind: 'detect', pictures: pictures.map(({ bytes }) => bytes) });
    } finally {
      lease.release();
    }
  }
}
