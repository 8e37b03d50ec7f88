/** @file The program in processes of its own, as its users start it: with words, in a folder, until it ends or is killed. */

import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { processorSeconds } from '../server/serverProcess.js';

const program = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../src/cli/main.js');
/** Nothing that is started here may take as much processor time. */
const PROCESSOR_SECONDS = 300;
/** Nor as many seconds in all: a process that waits for nothing uses no processor. */
const SECONDS = 600;

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

export interface StartOptions extends Pick<SpawnOptions, 'cwd' | 'stdio'> {
  /** Words of a program that starts this one. */
  readonly around?: readonly string[];
  readonly processorLimit?: number;
  readonly secondsLimit?: number;
}

/** Starts `lxmert WORDS`. A process that does not end is killed, and said to hang. */
export function start(words: readonly string[], options: StartOptions = {}): Started {
  const { around = [], cwd, stdio = ['ignore', 'pipe', 'pipe'] } = options;
  const { processorLimit = PROCESSOR_SECONDS, secondsLimit = SECONDS } = options;
  const [command = '', ...rest] = [...around, process.execPath, program, ...words];
  const begin = performance.now();
  // One thread each: the same sums in the same order, whatever else the machine does.
  const env = { ...process.env, OMP_NUM_THREADS: '1' };
  const child = spawn(command, rest, { cwd, stdio, env });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.on('data', (text: Buffer) => {
      said[name] = (said[name] + text.toString()).slice(-100_000);
    });
  let isHung = false;
  const watch = setInterval(() => {
    const seconds = (performance.now() - begin) / 1000;
    if (seconds < secondsLimit && processorSecondsOf(child) < processorLimit) return;
    isHung = true;
    child.kill('SIGKILL');
  }, 500);
  let hasEnded = false;
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => {
      hasEnded = true;
      clearInterval(watch);
      resolve({ status, signal, ...said, seconds: (performance.now() - begin) / 1000, isHung });
    });
  });
  return { child, hasEnded: () => hasEnded, ended };
}

/** 0 once it is gone. */
function processorSecondsOf({ pid }: ChildProcess): number {
  try {
    return processorSeconds(pid as number);
  } catch {
    return 0;
  }
}
