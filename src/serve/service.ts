/** @file What the server does, without HTTP: pictures looked at once, questions answered in batches, all within limits. */

import { createHash } from 'node:crypto';
import type { Explanation } from '../explain/explanation.js';
import { type FeatureRow, findRowProblem } from '../features/row.js';
import { BatchQueue } from './batchQueue.js';
import { ByteCache } from './byteCache.js';
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
  /** Bytes of looked-at pictures that are kept. */
  readonly cacheBytes: number;
}

/** Pictures that are looked at one after the other, so that their questions come together. */
const LOOKS_AT_ONCE = 16;
/** Bytes that a kept picture takes besides its arrays. */
const ENTRY_BYTES = 8192;

export class Service {
  readonly #answers: BatchQueue<AskedQuestion, Answered>;
  readonly #looks: BatchQueue<Uint8Array, SeenPicture>;
  readonly #explanations: BatchQueue<ToExplain, Explanation>;
  readonly #cache: ByteCache<SeenPicture>;
  /** Looks that are under way, by picture. */
  readonly #underWay = new Map<string, Promise<SeenPicture>>();
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
        this.counts.questions += questions.length;
        return pool.run({ kind: 'answer', questions });
      },
    });
    this.#looks = new BatchQueue<Uint8Array, SeenPicture>({
      // A detector's look takes seconds and is no faster with others; questions about other pictures go in between.
      maxBatch: pool.facts[0].isOfSampleWorld ? LOOKS_AT_ONCE : 1,
      maxWait: 0,
      maxQueued,
      numWorkers,
      groupOf: () => '',
      run: (pictures) => pool.run({ kind: 'look', pictures }),
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

  get numWaiting(): number {
    return this.#answers.numWaiting + this.#looks.numWaiting + this.#explanations.numWaiting;
  }

  /**
   * Looks at a picture, or remembers it.
   *
   * @throws ServeError for what is no picture, for too many at once, and when nothing can look at pictures
   */
  async look(bytes: Uint8Array, signal?: AbortSignal): Promise<{ imageId: string; seen: SeenPicture }> {
    if (!this.options.pool.facts[0].seesPictures) {
      throw new ServeError(
        'bad_request',
        'This server has no detector, so it cannot look at a picture. Send features, or start it with --detector.',
      );
    }
    const imageId = createHash('sha256').update(bytes).digest('hex');
    const kept = this.#cache.get(imageId);
    if (kept !== undefined) {
      this.counts.cacheHits++;
      return { imageId, seen: kept };
    }
    const underWay = this.#underWay.get(imageId) ?? this.#begin(imageId, bytes);
    return { imageId, seen: await abortable(underWay, signal) };
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
    const problem = findRowProblem(row);
    if (problem !== undefined) throw new ServeError('bad_request', `The features are not sound: ${problem}`);
    const [{ featureSize }] = this.options.pool.facts;
    if (row.features.length !== row.numBoxes * featureSize) {
      throw new ServeError(
        'bad_request',
        `The model reads ${featureSize} values for each of ${row.numBoxes} boxes; ${row.features.length} values were sent.`,
      );
    }
    return { row, regions: [] };
  }

  /** Answers to each question about a picture. */
  async answer(
    imageKey: string,
    { row }: SeenPicture,
    questions: readonly string[],
    topK: number,
    model: string,
    signal?: AbortSignal,
  ): Promise<Answered[]> {
    const asked = questions.map((question) =>
      this.#answers.add({ imageKey, row, question, topK, model }, signal),
    );
    // One failure ends the request; the others must not count as unheard.
    for (const each of asked) each.catch(() => undefined);
    return await Promise.all(asked);
  }

  /** What the answer to a question was found in. */
  async explain(asked: ToExplain, signal?: AbortSignal): Promise<Explanation> {
    if (!this.model(asked.model).canExplain) {
      throw new ServeError(
        'bad_request',
        `The model '${asked.model}' is several models, whose attention has no common meaning, or has no cross-modality layers: it cannot be explained.`,
      );
    }
    this.counts.explanations++;
    return await this.#explanations.add(asked, signal);
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

  /** Resolves when all that was begun has ended. */
  async drain(): Promise<void> {
    await this.#looks.drain();
    await this.#answers.drain();
    await this.#explanations.drain();
  }

  #begin(imageId: string, bytes: Uint8Array): Promise<SeenPicture> {
    this.counts.cacheMisses++;
    const look = this.#looks
      .add(bytes)
      .then((seen) => {
        this.#cache.set(
          imageId,
          seen,
          seen.row.features.byteLength + seen.row.boxes.byteLength + ENTRY_BYTES,
        );
        return seen;
      })
      .finally(() => this.#underWay.delete(imageId));
    look.catch(() => undefined);
    this.#underWay.set(imageId, look);
    return look;
  }
}

/** A look that others may wait for too goes on when one of them gives up. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  return await new Promise<T>((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const stop = (): void => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
