/** @file Tries a reader with damaged inputs in processes of its own, and says where one crashed, hung or took memory. */

import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { IdleClock, type ProcessState, processState } from '../processState.js';
import type { Outcome } from './kit.js';

const readerProcess = path.join(path.dirname(fileURLToPath(import.meta.url)), 'readerProcess.js');

/** Processor time of one input: other load on the machine does not count. */
const PROCESSOR_SECONDS = 20;
/** Seconds that one input may wait for anything but a processor. */
const IDLE_SECONDS = 20;
const MAX_BYTES = 2 * 2 ** 30;

export interface ReaderTask {
  readonly name: string;
  readonly whole: string;
  readonly work: string;
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  /** Beginning of the names of files that processes leave word in. */
  readonly state: string;
  /** Where to leave the damaged input, for one alone. */
  readonly keep?: string;
}

/** An input at which a reader did what it must not. */
export interface Fault {
  readonly index: number;
  readonly file: string;
  readonly what: string;
}

export interface ReaderResult {
  readonly name: string;
  readonly numInputs: number;
  readonly counts: Readonly<Record<Outcome, number>>;
  readonly faults: readonly Fault[];
  /** Of the largest of its processes. */
  readonly peakBytes: number;
  readonly processorSeconds: number;
  readonly seconds: number;
}

/** Tries all inputs; a process that ends at one is followed by another for the rest. */
export async function runReader(task: ReaderTask): Promise<ReaderResult> {
  const begin = performance.now();
  const counts = { accepted: 0, refused: 0 };
  const faults: Fault[] = [];
  let [peakBytes, processor] = [0, 0];
  let from = task.from;
  for (let number = 0; from < task.to; number++) {
    const one = await runProcess({ ...task, from, state: `${task.state}-${number}` });
    peakBytes = Math.max(peakBytes, one.peakBytes);
    processor += one.processor;
    faults.push(...one.faults);
    counts.accepted += one.counts.accepted;
    counts.refused += one.counts.refused;
    from = one.next;
  }
  return {
    name: task.name,
    numInputs: task.to - task.from,
    counts,
    faults,
    peakBytes,
    processorSeconds: processor,
    seconds: (performance.now() - begin) / 1000,
  };
}

interface ProcessResult {
  readonly counts: Record<Outcome, number>;
  readonly faults: readonly Fault[];
  readonly peakBytes: number;
  readonly processor: number;
  /** The first input that is left to do. */
  readonly next: number;
}

async function runProcess({
  name,
  whole,
  work,
  seed,
  from,
  to,
  state,
  keep,
}: ReaderTask): Promise<ProcessResult> {
  const words = [
    whole,
    work,
    name,
    String(seed),
    String(from),
    String(to),
    state,
    ...(keep === undefined ? [] : [keep]),
  ];
  const env = { ...process.env, OMP_NUM_THREADS: '1' };
  const child = spawn(process.execPath, [readerProcess, ...words], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (text: Buffer) => {
    said = (said + text.toString()).slice(-4000);
  });
  const watch = { peakBytes: 0, processor: 0, index: -1, before: 0, reason: '' };
  const clock = new IdleClock();
  const look = (): void => {
    const figures = figuresOf(child.pid as number);
    if (figures === undefined) return;
    watch.peakBytes = Math.max(watch.peakBytes, figures.peakBytes);
    watch.processor = figures.processor;
    const index = placeOf(state);
    const idle = clock.look(figures.isBusy);
    if (index !== watch.index) {
      Object.assign(watch, { index, before: figures.processor });
      clock.reset();
    }
    const processor = figures.processor - watch.before;
    if (figures.bytes > MAX_BYTES) watch.reason = `it took ${(figures.bytes / 2 ** 20).toFixed(0)} MiB`;
    // The libraries are loaded before the first.
    else if (index < from) return;
    else if (processor > PROCESSOR_SECONDS) watch.reason = `it computed for ${processor.toFixed(0)} s`;
    else if (idle > IDLE_SECONDS) watch.reason = `it waited for ${idle.toFixed(0)} s`;
    if (watch.reason !== '') child.kill('SIGKILL');
  };
  const timer = setInterval(look, 100);
  const [status, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, by) => resolve([code, by]));
  });
  clearInterval(timer);
  const faults = faultsIn(state);
  const { peakBytes, processor } = watch;
  if (status === 0) {
    const counts = JSON.parse(readFileSync(`${state}.counts`, 'utf8')) as Record<Outcome, number>;
    return { counts, faults, peakBytes, processor, next: to };
  }
  const index = placeOf(state);
  // Without an input the reader itself does not start: another process would not either.
  if (index < from) throw new Error(`The process for '${name}' ended with ${status ?? signal}: ${said}`);
  const what = watch.reason === '' ? `it ended the process with ${status ?? signal}: ${said}` : watch.reason;
  const numBefore = index - from - faults.length;
  return {
    // Of a process that is gone, what it refused is not known; what it got through is.
    counts: { accepted: 0, refused: Math.max(0, numBefore) },
    faults: [...faults, { index, file: '', what }],
    peakBytes,
    processor,
    next: index + 1,
  };
}

/** The input in work, or -1 before the first. */
function placeOf(state: string): number {
  const file = `${state}.place`;
  const text = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  return text === '' ? -1 : Number(text);
}

function faultsIn(state: string): Fault[] {
  const file = `${state}.faults`;
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Fault);
}

interface Figures extends ProcessState {
  readonly bytes: number;
  readonly peakBytes: number;
}

function figuresOf(pid: number): Figures | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kilobytes = (key: string): number =>
      Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
    const found = processState(pid);
    if (found === undefined) return undefined;
    return { ...found, bytes: kilobytes('VmRSS') * 1024, peakBytes: kilobytes('VmHWM') * 1024 };
  } catch {
    // It has ended since.
    return undefined;
  }
}
