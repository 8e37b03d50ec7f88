/** @file The program in processes of its own, as its users start it: with words, in a folder, until it ends or is killed. */

import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { IdleClock, processState } from './processState.js';

const program = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../src/cli/main.js');
/** Nothing that is started here may take as much processor time. */
const PROCESSOR_SECONDS = 300;
/** Nor wait so many seconds for anything but a processor. */
const IDLE_SECONDS = 120;

/** A driver that ends takes along what it started. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface Ended {
  /** Null when a signal ended it. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
  /** It was ended here, since it did not end by itself. */
  readonly isHung: boolean;
}

export interface Started {
  readonly child: ChildProcess;
  readonly hasEnded: () => boolean;
  readonly ended: Promise<Ended>;
}

export interface StartOptions extends Pick<SpawnOptions, 'cwd' | 'stdio' | 'detached'> {
  /** Words of a program that starts this one. */
  readonly around?: readonly string[];
}

/** Starts `lxmert WORDS`. A process that does not end is killed, and said to hang. */
export function start(words: readonly string[], options: StartOptions = {}): Started {
  const { around = [], cwd, detached = false, stdio = ['ignore', 'pipe', 'pipe'] } = options;
  const [command = '', ...rest] = [...around, process.execPath, program, ...words];
  const begin = performance.now();
  // One thread each: the same sums in the same order, whatever else the machine does.
  const env = { ...process.env, OMP_NUM_THREADS: '1' };
  const child = spawn(command, rest, { cwd, stdio, env, detached });
  running.add(child);
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.on('data', (text: Buffer) => {
      said[name] = (said[name] + text.toString()).slice(-100_000);
    });
  let isHung = false;
  const clock = new IdleClock();
  const watch = setInterval(() => {
    const state = processState(child.pid as number);
    if (state === undefined) return;
    if (clock.look(state.isBusy) < IDLE_SECONDS && state.processor < PROCESSOR_SECONDS) return;
    isHung = true;
    child.kill('SIGKILL');
  }, 500);
  let hasEnded = false;
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => {
      hasEnded = true;
      running.delete(child);
      clearInterval(watch);
      resolve({ status, signal, ...said, seconds: (performance.now() - begin) / 1000, isHung });
    });
  });
  return { child, hasEnded: () => hasEnded, ended };
}
