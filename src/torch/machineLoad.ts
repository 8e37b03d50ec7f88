/**
 * @file How busy this machine's processors are with other work, and how many threads leave room for it. OpenMP's threads of one
 * computation wait for each other: one that shares its processor with another program makes all of them wait, so that two
 * threads on two processors, one of them taken, are slower than one thread (docs/benchmarks.md).
 */

import os from 'node:os';
import { numUsableProcessors, usableProcessors } from '../common/usableProcessors.js';
import { native } from './native.js';
import { defaultNumThreads } from './runtime.js';

/** Times since the machine and this process started, in processor-seconds. */
export interface ProcessorTimes {
  /** Seconds of a clock. */
  readonly at: number;
  /** Spent by all work on the processors that this process may use. */
  readonly all: number;
  /** Spent by this process. */
  readonly own: number;
}

export interface MachineLoad {
  /** Processors that this process may use. */
  readonly numProcessors: number;
  /** How many of them, on average, other work kept busy. */
  readonly numBusy: number;
}

/** Shorter, the clock's ticks of 10 ms would tell too little. */
const MIN_SECONDS = 0.3;

/** From here on a processor counts as taken: others' work of half a processor halves one thread's speed. */
const NOTABLE = 0.5;

/** What was spent until now. */
export function readProcessorTimes(): ProcessorTimes {
  const usable = usableProcessors();
  const processors = os.cpus();
  const chosen = usable === undefined ? processors : processors.filter((_, i) => usable.has(i));
  let milliseconds = 0;
  for (const { times } of chosen) milliseconds += times.user + times.nice + times.sys + times.irq;
  const { user, system } = process.cpuUsage();
  return { at: performance.now() / 1000, all: milliseconds / 1000, own: (user + system) / 1e6 };
}

/** What other work took between two readings; undefined when they are too near to tell. */
export function loadBetween(
  before: ProcessorTimes,
  after: ProcessorTimes,
  numProcessors: number = numUsableProcessors(),
): MachineLoad | undefined {
  const seconds = after.at - before.at;
  if (seconds < MIN_SECONDS) return undefined;
  const others = (after.all - before.all - (after.own - before.own)) / seconds;
  return { numProcessors, numBusy: Math.min(numProcessors, Math.max(0, others)) };
}

/** Threads that find a processor each. */
export function numFreeThreads({ numProcessors, numBusy }: MachineLoad, numWanted: number): number {
  return Math.max(1, Math.min(numWanted, Math.round(numProcessors - numBusy)));
}

const atStart = readProcessorTimes();

/** What other work took since this process began to compute; undefined where that is too short to tell. */
function loadSinceStart(): MachineLoad | undefined {
  return loadBetween(atStart, readProcessorTimes());
}

/**
 * A sentence for the beginning of a run on a busy machine; undefined where there is room.
 *
 * @param isAdapted whether the number of threads follows the load by itself, so that no advice is wanted
 */
export function loadWarning(
  load: MachineLoad | undefined = loadSinceStart(),
  isAdapted = false,
): string | undefined {
  // The other processes of one run are no strangers.
  const isOneOfSeveral = Number(process.env.WORLD_SIZE ?? 1) > 1;
  if (load === undefined || load.numBusy < NOTABLE || isOneOfSeveral) return undefined;
  const advice = isAdapted ? '' : threadAdvice(load);
  return `Other programs keep ${describeBusy(load)} busy, so this takes longer than on a quiet machine.${advice}`;
}

function threadAdvice(load: MachineLoad): string {
  const numThreads = native().getNumThreads();
  const better = numFreeThreads(load, numThreads);
  if (better >= numThreads) return '';
  return ` With OMP_NUM_THREADS=${better} it is likely to be faster: threads that share a processor keep the others waiting.`;
}

/** `1.3 of the 2 processors`. */
export function describeBusy({ numBusy, numProcessors }: MachineLoad): string {
  return `${Number(numBusy.toFixed(1))} of the ${numProcessors} processors`;
}

/** What an adapter looks at and sets; tests have their own. */
export interface ThreadSurroundings {
  /** Seconds of the clock that `read` has too. */
  now(): number;
  read(): ProcessorTimes;
  getNumThreads(): number;
  setNumThreads(numThreads: number): void;
  readonly numWanted: number;
  readonly numProcessors: number;
}

function thisProcess(): ThreadSurroundings {
  return {
    now: () => performance.now() / 1000,
    read: readProcessorTimes,
    getNumThreads: () => native().getNumThreads(),
    setNumThreads: (numThreads) => native().setNumThreads(numThreads),
    numWanted: defaultNumThreads(),
    numProcessors: numUsableProcessors(),
  };
}

/** Adapts the threads of single answers to what other programs leave. */
export class ThreadAdapter {
  #last: ProcessorTimes;
  /** What the threads are by this adapter or by default: another number was chosen by somebody. */
  #own: number;

  constructor(private readonly surroundings: ThreadSurroundings = thisProcess()) {
    this.#last = surroundings.read();
    this.#own = surroundings.numWanted;
  }

  /**
   * Sets as many threads as there are free processors, by what other work took since the last call that looked (three a
   * second at most: looking takes tenths of a millisecond). Leaves a number alone that somebody chose.
   */
  adapt(): void {
    const { surroundings } = this;
    if (surroundings.now() - this.#last.at < MIN_SECONDS) return;
    if (process.env.OMP_NUM_THREADS || surroundings.getNumThreads() !== this.#own) return;
    const now = surroundings.read();
    const load = loadBetween(this.#last, now, surroundings.numProcessors);
    this.#last = now;
    if (load === undefined) return;
    const numThreads = numFreeThreads(load, surroundings.numWanted);
    if (numThreads !== this.#own) surroundings.setNumThreads(numThreads);
    this.#own = numThreads;
  }
}
