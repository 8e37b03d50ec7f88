/** @file Starts the processes of a run on this machine and ends them together. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { UsageError } from '../../common/errors.js';
import { numComputeThreads } from '../../common/usableProcessors.js';

export interface LaunchOptions {
  readonly numProcesses: number;
  /** Program and words of each process. */
  readonly command: readonly [string, ...string[]];
  /** How long the others may take to end in good order after one has failed. */
  readonly graceSeconds: number;
  /** Aborting asks all processes to stop as SIGTERM does. */
  readonly signal?: AbortSignal | undefined;
  /** The GPU of each process, which sees no other; absent: all see all. */
  readonly gpus?: readonly string[] | undefined;
  readonly environment?: NodeJS.ProcessEnv;
  /** Gets lines of the processes other than the first, with its number before them. */
  readonly say: (line: string) => void;
}

export interface LaunchResult {
  /** Of the first process that failed, or 0. */
  readonly exitCode: number;
  /** That process's number. */
  readonly failed: number | undefined;
}

/** Runs the command in each process with torchrun's variables, and waits for all. */
export async function launchProcesses(options: LaunchOptions): Promise<LaunchResult> {
  const environment = options.environment ?? process.env;
  if (environment.WORLD_SIZE !== undefined) {
    throw new UsageError(
      "WORLD_SIZE is set already, so this is one of several processes. Start the command itself here, without 'lxmert launch'.",
    );
  }
  // Whoever can read and write it takes part in the run.
  const meeting = mkdtempSync(path.join(tmpdir(), 'lxmert-launch-'));
  try {
    return await runProcesses(options, environment, path.join(meeting, 'store'));
  } finally {
    rmSync(meeting, { recursive: true, force: true });
  }
}

async function runProcesses(
  options: LaunchOptions,
  environment: NodeJS.ProcessEnv,
  storeFile: string,
): Promise<LaunchResult> {
  const { numProcesses, command, graceSeconds, signal, say } = options;
  const numThreads = Math.max(1, Math.floor(numComputeThreads() / numProcesses));
  const children: ChildProcess[] = [];
  for (let rank = 0; rank < numProcesses; rank++) {
    const child = spawn(command[0], command.slice(1), {
      // A group of its own: Ctrl-C reaches the launcher alone, which passes it on once.
      detached: true,
      stdio: rank === 0 ? ['inherit', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
      env: {
        OMP_NUM_THREADS: String(numThreads),
        ...environment,
        RANK: String(rank),
        LOCAL_RANK: String(rank),
        WORLD_SIZE: String(numProcesses),
        LOCAL_WORLD_SIZE: String(numProcesses),
        MASTER_ADDR: '127.0.0.1',
        LXMERT_STORE_FILE: storeFile,
        ...(options.gpus !== undefined && { CUDA_VISIBLE_DEVICES: options.gpus[rank] ?? '' }),
      },
    });
    for (const stream of [child.stdout, child.stderr]) if (stream !== null) prefixLines(stream, rank, say);
    children.push(child);
  }
  const stop = (name: NodeJS.Signals): void => {
    for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill(name);
  };
  const interrupt = (): void => stop('SIGTERM');
  // Whatever ends this process ends the others.
  const kill = (): void => stop('SIGKILL');
  process.once('exit', kill);
  if (signal?.aborted === true) interrupt();
  signal?.addEventListener('abort', interrupt, { once: true });
  let failure: { rank: number; exitCode: number } | undefined;
  const timers: NodeJS.Timeout[] = [];
  const endOthers = (): void => {
    // Those that compute notice by themselves that one is gone, and save the run; those that still load data do not.
    timers.push(
      setTimeout(interrupt, Math.min(5000, 500 * graceSeconds)),
      setTimeout(kill, 1000 * graceSeconds),
    );
  };
  await Promise.all(
    children.map(async (child, rank) => {
      const exitCode = await exitCodeOf(child);
      if (exitCode === 0) return;
      if (failure === undefined) {
        failure = { rank, exitCode };
        endOthers();
      }
    }),
  );
  for (const timer of timers) clearTimeout(timer);
  process.off('exit', kill);
  signal?.removeEventListener('abort', interrupt);
  return { exitCode: failure?.exitCode ?? 0, failed: failure?.rank };
}

/** A shell's number: 128 and the signal's for a process that a signal ended. */
function exitCodeOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, name) => {
      resolve(code ?? 128 + (name === null ? 0 : constants.signals[name]));
    });
  });
}

function prefixLines(stream: Readable, rank: number, say: (line: string) => void): void {
  createInterface({ input: stream }).on('line', (line) => say(`[process ${rank}] ${line}`));
}
