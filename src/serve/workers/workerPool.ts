/** @file Worker threads that each have a model: jobs go to whoever is free, and one that dies is replaced. */

import type { Worker } from 'node:worker_threads';
import { LxmertError, messageOf, UsageError } from '../../common/errors.js';
import { startThread } from '../../common/loadInTurn.js';
import { formatCount, formatMegabytes } from '../../formats/numbers.js';
import { collectGarbage } from '../collectGarbage.js';
import { ServeError, type ServeErrorCode } from '../serveError.js';
import type {
  FromWorker,
  Job,
  JobFault,
  JobResults,
  ModelFacts,
  ToWorker,
  WorkerData,
  WorkerSetup,
} from './protocol.js';

interface Task {
  readonly job: Job;
  readonly resolve: (result: JobResults[keyof JobResults]) => void;
  readonly reject: (error: unknown) => void;
  /** Once more when the worker died with it. */
  numTries: number;
  /** When a worker was given it. */
  since: number;
  /** Milliseconds from then after which that is told of. */
  tellAfter: number;
}

interface Member {
  readonly worker: Worker;
  task: Task | undefined;
  isReady: boolean;
  /** After its last job. */
  numTensors: number;
}

const CODES: Readonly<Record<JobFault, ServeErrorCode>> = {
  request: 'bad_request',
  picture: 'unprocessable_image',
  server: 'internal',
};

const MAX_TRIES = 2;
/** Milliseconds before a worker that died while starting is started again. */
const RESTART_DELAY = 1000;
/** Milliseconds at one job: a detector takes seconds for a picture, 32 questions less. */
const BUSY_AFTER = 30_000;
/** Milliseconds between two looks at what workers are at. */
const LOOK_INTERVAL = 1000;

export interface WorkerPoolOptions {
  readonly setup: WorkerSetup;
  readonly numWorkers: number;
  /** The worker's program; another in tests. */
  readonly program?: URL;
  /** Told when a worker has died and another takes its place. */
  readonly onReplace?: (reason: string) => void;
  /** Told, in a sentence, when a worker has been at one job for long, and when it is done with it. */
  readonly onBusy?: (sentence: string) => void;
  /** Milliseconds after which that is told of for the first time. Default 30,000. */
  readonly busyAfter?: number;
  /** Milliseconds after which a worker that is still at one job is replaced, and the job fails. Default: none. */
  readonly timeout?: number;
}

/** What a worker is at. */
export interface BusyWorker {
  /** Such as `the regions of a picture (2.1 MB)`. */
  readonly work: string;
  readonly seconds: number;
}

export class WorkerPool {
  readonly #members = new Set<Member>();
  readonly #queue: Task[] = [];
  readonly #busyAfter: number;
  readonly #timeout: number;
  #isClosed = false;
  #numReplaced = 0;
  #timer: NodeJS.Timeout | undefined;

  private constructor(
    private readonly options: WorkerPoolOptions,
    /** Of each model, the first first. */
    readonly facts: readonly [ModelFacts, ...ModelFacts[]],
  ) {
    this.#busyAfter = options.busyAfter ?? BUSY_AFTER;
    this.#timeout = options.timeout ?? Number.POSITIVE_INFINITY;
  }

  /**
   * Starts the workers, each of which loads the model.
   *
   * @throws what loading the model throws: UsageError or LxmertError with its sentence
   */
  static async start(options: WorkerPoolOptions): Promise<WorkerPool> {
    const started = await Promise.allSettled(
      Array.from({ length: options.numWorkers }, () => startWorker(options)),
    );
    const failed = started.find((each) => each.status === 'rejected');
    const ready = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const [first] = ready;
    if (failed !== undefined || first === undefined) {
      await Promise.all(ready.map(({ worker }) => worker.terminate()));
      throw failed?.status === 'rejected' ? failed.reason : new LxmertError('No worker was asked for.');
    }
    const pool = new WorkerPool(options, first.facts);
    for (const { worker } of ready) pool.#adopt(worker);
    pool.#watch();
    return pool;
  }

  get numReplaced(): number {
    return this.#numReplaced;
  }

  /** Workers that are at something, the longest at it first. */
  get busyWorkers(): readonly BusyWorker[] {
    return [...this.#members]
      .flatMap(({ task }) => task ?? [])
      .map(({ job, since }) => ({ work: describeJob(job), seconds: (performance.now() - since) / 1000 }))
      .sort((a, b) => b.seconds - a.seconds);
  }

  /** Tensors that are alive in the workers. */
  get numTensors(): number {
    return [...this.#members].reduce((sum, { numTensors }) => sum + numTensors, 0);
  }

  /** Workers that have their model. */
  get numReady(): number {
    return [...this.#members].filter(({ isReady }) => isReady).length;
  }

  /**
   * Does a job when a worker is free. One whose worker dies is done once more by another.
   *
   * @throws ServeError
   */
  run<J extends Job>(job: J): Promise<JobResults[J['kind']]> {
    if (this.#isClosed)
      return Promise.reject(new ServeError('shutting_down', 'The server is shutting down.'));
    return new Promise((resolve, reject) => {
      this.#queue.push({
        job,
        resolve: resolve as Task['resolve'],
        reject,
        numTries: 0,
        since: 0,
        tellAfter: 0,
      });
      this.#assign();
    });
  }

  /** Has the memory given back that is free: now, and in workers when they are done with what they are at. */
  async rest(): Promise<void> {
    await collectGarbage();
    for (const { worker } of this.#members) worker.postMessage({ rest: true } satisfies ToWorker);
  }

  /** Ends the workers; what they are at work on fails. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    for (const task of this.#queue.splice(0)) {
      task.reject(new ServeError('shutting_down', 'The server is shutting down.'));
    }
    await Promise.all([...this.#members].map(({ worker }) => worker.terminate()));
  }

  #assign(): void {
    for (const member of this.#members) {
      if (!member.isReady || member.task !== undefined) continue;
      const task = this.#queue.shift();
      if (task === undefined) return;
      member.task = task;
      task.since = performance.now();
      task.tellAfter = this.#busyAfter;
      task.numTries++;
      member.worker.postMessage({ id: 0, job: task.job } satisfies ToWorker);
    }
  }

  #adopt(worker: Worker): void {
    if (worker.threadId < 0) {
      void this.#replace('it ended while others began');
      return;
    }
    const member: Member = {
      worker,
      task: undefined,
      isReady: true,
      numTensors: 0,
    };
    this.#members.add(member);
    worker.on('message', (message: FromWorker) => {
      const { task } = member;
      if (task === undefined || (message.kind !== 'result' && message.kind !== 'error')) return;
      member.task = undefined;
      this.#tellDone(task);
      if (message.kind === 'result') {
        member.numTensors = message.numTensors;
        task.resolve(message.result);
      } else {
        task.reject(new ServeError(CODES[message.fault], message.message));
      }
      this.#assign();
    });
    let reason = 'it ended';
    worker.on('error', (error: Error) => {
      reason = error.message;
    });
    worker.once('exit', () => {
      // One that was given up has another in its place already.
      if (!this.#members.delete(member)) return;
      this.#giveBack(member.task, reason);
      if (!this.#isClosed) void this.#replace(reason);
    });
    this.#assign();
  }

  #watch(): void {
    const look = (): void => {
      for (const member of this.#members) {
        const { task } = member;
        if (task === undefined) continue;
        const milliseconds = performance.now() - task.since;
        if (milliseconds >= this.#timeout) this.#giveUp(member, task);
        else if (milliseconds >= task.tellAfter) {
          // Less and less often.
          while (milliseconds >= task.tellAfter) task.tellAfter *= 2;
          this.options.onBusy?.(
            `A worker has been at ${describeJob(task.job)} for ${inSeconds(milliseconds)}; ${this.#queue.length} more wait for one.`,
          );
        }
      }
    };
    this.#timer = setInterval(look, Math.min(LOOK_INTERVAL, this.#busyAfter, this.#timeout));
    this.#timer.unref();
  }

  #tellDone({ job, since, tellAfter }: Task): void {
    if (tellAfter === this.#busyAfter) return;
    const time = inSeconds(performance.now() - since);
    this.options.onBusy?.(`The worker is done with ${describeJob(job)} after ${time}.`);
  }

  /** Ends a worker whose time is up. Not waited for: what it computes outside of JavaScript may go on. */
  #giveUp(member: Member, task: Task): void {
    this.#members.delete(member);
    void member.worker.terminate();
    const what = `at ${describeJob(task.job)} for more than ${inSeconds(this.#timeout)}`;
    task.reject(new ServeError('timeout', `A worker was ${what}, and was ended.`));
    void this.#replace(`it was ${what}`);
  }

  #giveBack(task: Task | undefined, reason: string): void {
    if (task === undefined) return;
    if (!this.#isClosed && task.numTries < MAX_TRIES) this.#queue.unshift(task);
    else if (this.#isClosed) task.reject(new ServeError('shutting_down', 'The server is shutting down.'));
    else task.reject(new ServeError('internal', `The worker at this request died, twice: ${reason}.`));
  }

  async #replace(reason: string): Promise<void> {
    this.#numReplaced++;
    this.options.onReplace?.(reason);
    while (!this.#isClosed) {
      try {
        const { worker } = await startWorker(this.options);
        if (this.#isClosed) await worker.terminate();
        else this.#adopt(worker);
        return;
      } catch (error) {
        this.options.onReplace?.(`the one in its place did not start: ${messageOf(error)}`);
        await new Promise((resolve) => setTimeout(resolve, RESTART_DELAY));
      }
    }
  }
}

function describeJob(job: Job): string {
  switch (job.kind) {
    case 'detect': {
      const numBytes = job.pictures.reduce((sum, { byteLength }) => sum + byteLength, 0);
      const size = formatMegabytes(numBytes);
      return job.pictures.length === 1
        ? `the regions of a picture (${size})`
        : `the regions of ${formatCount(job.pictures.length, 'picture')} (${size})`;
    }
    case 'answer':
      return job.questions.length === 1 ? 'a question' : `${job.questions.length} questions`;
    case 'explain':
      return 'an explanation';
  }
}

const inSeconds = (milliseconds: number): string => `${Number((milliseconds / 1000).toPrecision(2))} s`;

async function startWorker({
  setup,
  numWorkers,
  program = new URL('./worker.js', import.meta.url),
}: WorkerPoolOptions): Promise<{ worker: Worker; facts: readonly [ModelFacts, ...ModelFacts[]] }> {
  const worker = startThread(program, { ...setup, numWorkers } satisfies WorkerData);
  return await new Promise((resolve, reject) => {
    worker.once('message', (message: FromWorker) => {
      if (message.kind === 'ready') return resolve({ worker, facts: message.facts });
      const text = message.kind === 'failed' ? message.message : 'The worker began with something else.';
      const isUsage = message.kind === 'failed' && message.isUsage;
      void worker.terminate();
      reject(isUsage ? new UsageError(text) : new LxmertError(text));
    });
    worker.once('error', reject);
    worker.once('exit', (code) =>
      reject(new LxmertError(`A worker ended with code ${code} before it was ready.`)),
    );
  });
}
