/**
 * @file Questions answered by this project and by what a Python user has in its place, in turn, on the same weights: on a quiet
 * machine, beside a busy process, and under a quota of processor time.
 */

import { fileURLToPath } from 'node:url';
import type { AnsweringPrecision } from '../../model/index.js';
import { gemmRate, readRate } from '../limits.js';
import { medianOf, percentile } from '../measure.js';
import type { BenchSettings } from '../result.js';
import { type Burst, type Measured, MeasuredProcess } from './measuredProcess.js';
import { type OwnHello, type Peer, type PeerTask, peersOf, REFERENCE, TASKS } from './peers.js';
import { exportPeers, type PackageVersions, pythonVersions, startPythonPeers } from './pythonPeers.js';
import { NUM_QUESTIONS, writeQuestions } from './questions.js';
import { enterState, STATE_NAMES, type State } from './states.js';
import { inTurn } from './turns.js';

const OWN_PEER = fileURLToPath(new URL('ownPeer.js', import.meta.url));
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
  /** Of both sides, by state. */
  readonly numThreads: Readonly<Partial<Record<State, number>>>;
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
  const before = measureLimits();
  const numThreads: Partial<Record<State, number>> = {};
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
    await using turns = await Turns.start(options, place.prefix);
    runtime = turns.own.runtime;
    numThreads[state] = turns.own.numThreads;
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
    private readonly processes: { readonly own: MeasuredProcess; readonly python: MeasuredProcess },
    /** What this project's process began with. */
    readonly own: OwnHello,
  ) {}

  static async start(options: ComparePeersOptions, prefix: readonly string[]): Promise<Turns> {
    const { python, folder, precisions, withEager } = options;
    const command = [...prefix, process.execPath, OWN_PEER, folder, ...precisions] as [string, ...string[]];
    const { process: own, hello } = await MeasuredProcess.start<OwnHello>('this project', command);
    try {
      // With as many threads as this project takes there: one for each processor, or what the quota gives time for.
      const { process: others } = await startPythonPeers(python, folder, hello.numThreads, prefix);
      return new Turns(options, peersOf(precisions, withEager), { own, python: others }, hello);
    } catch (error) {
      await own[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { own, python } = this.processes;
    await Promise.all([own[Symbol.asyncDispose](), python[Symbol.asyncDispose]()]);
  }

  async logitErrors(): Promise<Readonly<Record<string, number>>> {
    const questions = Array.from({ length: NUM_QUESTIONS }, (_, i) => i);
    const once = { questions, warmUp: 0, atLeast: 1, seconds: 0, logits: true };
    const { logits: expected = [] } = await this.processes.python.measure({ ...once, peer: REFERENCE });
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
      const onRound = display?.update.bind(display);
      for await (const { runner } of inTurn(runners, repetitions, { signal, onRound })) {
        runner.seconds.push(...(await this.#ask(runner.peer, burstOf(runner.task))).seconds);
      }
    } finally {
      display?.stop();
    }
    return rowsOf(state, runners);
  }

  async #ask(peer: Peer, burst: Omit<Burst, 'peer'>): Promise<Measured> {
    return await this.processes[peer.isOwn ? 'own' : 'python'].measure({ ...burst, peer: peer.name });
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
