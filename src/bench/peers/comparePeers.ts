/**
 * @file Questions answered by this project and by what a Python user has in its place, in turn, on the same weights: on a quiet
 * machine, beside a busy process, and under a quota of processor time.
 */

import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Random } from '../../common/random.js';
import { numUsableProcessors } from '../../common/usableProcessors.js';
import type { AnsweringPrecision } from '../../model/index.js';
import { gemmRate, readRate } from '../limits.js';
import { medianOf } from '../measure.js';
import type { BenchSettings } from '../result.js';
import { type Burst, type Measured, MeasuredProcess } from './measuredProcess.js';
import { type OwnHello, type Peer, type PeerTask, peersOf, REFERENCE, TASKS } from './peers.js';
import { exportPeers, type PackageVersions, pythonVersions, startPythonPeers } from './pythonPeers.js';
import { NUM_QUESTIONS, writeQuestions } from './questions.js';
import { enterState, QUOTA_PROCESSORS, STATE_NAMES, type State } from './states.js';

const OWN_PEER = fileURLToPath(new URL('ownPeer.js', import.meta.url));
/** Thread pools of engines go on spinning for some time after an answer, and would be measured with the next one. */
const PAUSE_MS = 200;
/** How long one peer answers single questions before the next one does. */
const BURST_SECONDS = 0.7;

export interface ComparePeersOptions extends Pick<BenchSettings, 'repetitions' | 'signal' | 'watch'> {
  readonly python: string;
  /** Where the peers' model is kept (4 GB). */
  readonly folder: string;
  readonly precisions: readonly AnsweringPrecision[];
  readonly states: readonly State[];
  readonly withEager: boolean;
  /** Told what is done now. */
  readonly onStart?: ((what: string) => void) | undefined;
}

/** One line of the table. */
export interface PeerRow {
  readonly state: State;
  readonly task: PeerTask;
  readonly who: string;
  readonly isOwn: boolean;
  readonly numMeasured: number;
  readonly minSeconds: number;
  readonly medianSeconds: number;
  readonly p99Seconds: number;
  /** Median, as a share of OpenVINO's with float32 arithmetic for the same task (for a seen image: one question). */
  readonly ofReference: number;
}

export interface PeerComparison {
  readonly versions: PackageVersions;
  /** What is in force in this project's process, of the last state. */
  readonly runtime: string;
  readonly numThreads: number;
  readonly limits: { readonly float32ProductsPerSecond: number; readonly bytesReadPerSecond: number };
  readonly rows: readonly PeerRow[];
  /** Largest difference from OpenVINO's logits in float32 over the drawn questions, as a share of the largest logit, by who. */
  readonly logitErrors: Readonly<Record<string, number>>;
  /** States that could not be had, as sentences. */
  readonly leftOut: readonly string[];
}

/** @throws LxmertError when Python or its packages are missing, and when a peer fails */
export async function comparePeers(options: ComparePeersOptions): Promise<PeerComparison> {
  const { python, folder, onStart } = options;
  const versions = pythonVersions(python);
  await exportPeers(python, folder, { signal: options.signal, onStart });
  writeQuestions(folder, NUM_QUESTIONS);
  const numThreads = Math.min(numUsableProcessors(), Math.ceil(QUOTA_PROCESSORS));
  const before = measureLimits();
  const rows: PeerRow[] = [];
  const leftOut: string[] = [];
  let logitErrors: Readonly<Record<string, number>> = {};
  let runtime = '';
  for (const state of options.states) {
    onStart?.(`questions in turn with the peers, ${STATE_NAMES[state]}`);
    const entered = await enterState(state);
    if (typeof entered === 'string') {
      leftOut.push(entered);
      continue;
    }
    await using place = entered;
    await using turns = await Turns.start(options, numThreads, place.prefix);
    runtime = turns.runtime;
    if (state === 'quiet') logitErrors = await turns.logitErrors();
    rows.push(...(await turns.measure(state)));
  }
  const after = measureLimits();
  const limits = {
    float32ProductsPerSecond: Math.max(before.products, after.products),
    bytesReadPerSecond: Math.max(before.read, after.read),
  };
  return { versions, runtime, numThreads, limits, rows, logitErrors, leftOut };
}

function measureLimits(): { readonly products: number; readonly read: number } {
  return { products: gemmRate('float32'), read: readRate() };
}

/** The processes of one state, and what they are asked in turn. */
class Turns implements AsyncDisposable {
  private constructor(
    private readonly options: ComparePeersOptions,
    private readonly peers: readonly Peer[],
    private readonly own: MeasuredProcess,
    private readonly python: MeasuredProcess,
    readonly runtime: string,
  ) {}

  static async start(
    options: ComparePeersOptions,
    numThreads: number,
    prefix: readonly string[],
  ): Promise<Turns> {
    const { python, folder, precisions, withEager } = options;
    const command = [...prefix, process.execPath, OWN_PEER, folder, ...precisions] as [string, ...string[]];
    const { process: own, hello } = await MeasuredProcess.start<OwnHello>('this project', command);
    try {
      const others = await startPythonPeers(python, folder, numThreads, prefix);
      return new Turns(options, peersOf(precisions, withEager), own, others.process, hello.runtime);
    } catch (error) {
      await own[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.own[Symbol.asyncDispose](), this.python[Symbol.asyncDispose]()]);
  }

  async logitErrors(): Promise<Readonly<Record<string, number>>> {
    const questions = Array.from({ length: NUM_QUESTIONS }, (_, i) => i);
    const once = { questions, warmUp: 0, atLeast: 1, seconds: 0, logits: true };
    const { logits: expected = [] } = await this.python.measure({ ...once, peer: REFERENCE });
    const largest = Math.max(...expected.flat().map(Math.abs));
    const errors: Record<string, number> = {};
    for (const peer of this.peers.filter(({ name }) => name !== REFERENCE)) {
      if (errors[peer.label] !== undefined) continue;
      const { logits = [] } = await this.#ask(peer, once);
      const differences = expected.flatMap((row, i) =>
        row.map((value, k) => Math.abs(value - (logits[i]?.[k] ?? Number.NaN))),
      );
      errors[peer.label] = Math.max(...differences) / largest;
    }
    return errors;
  }

  /** Every task, the many questions on a quiet machine alone. */
  async measure(state: State): Promise<PeerRow[]> {
    const runners = this.peers.flatMap((peer) =>
      peer.tasks
        .filter((task) => task !== TASKS[2] || state === 'quiet')
        .map((task) => ({ peer, task, seconds: [] as number[] })),
    );
    const { repetitions, signal, watch } = this.options;
    const display = watch?.();
    try {
      for (const { peer, task } of runners) {
        signal?.throwIfAborted();
        await this.#ask(peer, { ...burstOf(task), warmUp: 2, atLeast: 1, seconds: 0 });
      }
      for (let round = 0; round < repetitions; round++) {
        // In another order each time, so that nobody always comes after the same one.
        const order = [...runners];
        new Random(round).shuffle(order);
        for (const { peer, task, seconds } of order) {
          signal?.throwIfAborted();
          await setTimeout(PAUSE_MS);
          seconds.push(...(await this.#ask(peer, burstOf(task))).seconds);
        }
        display?.update(round + 1, repetitions);
      }
    } finally {
      display?.stop();
    }
    return rowsOf(state, runners);
  }

  async #ask(peer: Peer, burst: Omit<Burst, 'peer'>): Promise<Measured> {
    return await (peer.isOwn ? this.own : this.python).measure({ ...burst, peer: peer.name });
  }
}

function burstOf(task: PeerTask): Omit<Burst, 'peer'> {
  const isBatch = task === TASKS[2];
  return {
    questions: Array.from({ length: isBatch ? NUM_QUESTIONS : 1 }, (_, i) => i),
    warmUp: 1,
    atLeast: 2,
    seconds: isBatch ? 0 : BURST_SECONDS,
    logits: false,
  };
}

function rowsOf(
  state: State,
  runners: readonly { readonly peer: Peer; readonly task: PeerTask; readonly seconds: readonly number[] }[],
): PeerRow[] {
  const medians = new Map(
    runners
      .filter(({ peer }) => peer.name === REFERENCE)
      .map(({ task, seconds }) => [task, medianOf(seconds)] as const),
  );
  return TASKS.flatMap((task) =>
    runners
      .filter((each) => each.task === task)
      .map(({ peer, seconds }) => ({
        state,
        task,
        who: peer.label,
        isOwn: peer.isOwn,
        numMeasured: seconds.length,
        minSeconds: Math.min(...seconds),
        medianSeconds: medianOf(seconds),
        p99Seconds: percentile(seconds, 0.99),
        ofReference: medianOf(seconds) / (medians.get(task) ?? medians.get(TASKS[0]) ?? Number.NaN),
      })),
  );
}

/** The least value that such a share of all does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
