/** @file Groups of real processes for tests of training in several of them. */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { addonPath } from '../../src/torch/native.js';

/** The built program; processes of their own cannot run the sources. */
export const program = path.resolve('dist/src/cli/main.js');
export const worker = path.resolve('test/support/distributedWorker.mjs');
export const isBuilt = existsSync(addonPath()) && existsSync(program);

/** A port that nobody uses at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** The variables that torchrun sets. */
export function torchrunVariables(rank: number, worldSize: number, port: number): Record<string, string> {
  return {
    RANK: String(rank),
    LOCAL_RANK: String(rank),
    WORLD_SIZE: String(worldSize),
    MASTER_ADDR: '127.0.0.1',
    MASTER_PORT: String(port),
    OMP_NUM_THREADS: '1',
  };
}

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
}

/**
 * Starts Node with words and variables.
 *
 * @param around words of a program that starts another one
 */
export function start(
  words: readonly string[],
  variables: Record<string, string> = {},
  around: readonly string[] = [],
): Started {
  const [command = '', ...rest] = [...around, process.execPath, ...words];
  const child = spawn(command, rest, { env: { ...process.env, ...variables } });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => {
    stdout += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  return {
    ended: new Promise((resolve) => child.once('close', (status) => resolve({ status, stdout, stderr }))),
    kill: (signal) => void child.kill(signal),
  };
}

/** A scenario of distributedWorker.mjs and its settings. */
export type Scenario = readonly [name: string, settings?: unknown];

/**
 * Runs scenarios, one after the other, in a group of processes.
 *
 * @param ranks the processes' numbers
 * @param variables beside torchrun's, or in their place
 * @returns what each process saw in each scenario
 */
export async function runScenarios(
  scenarios: readonly Scenario[],
  ranks: readonly number[],
  worldSize = ranks.length,
  variables: Record<string, string> = {},
): Promise<unknown[][]> {
  const port = await freePort();
  const processes = ranks.map((rank) =>
    start([worker, JSON.stringify(scenarios)], { ...torchrunVariables(rank, worldSize, port), ...variables }),
  );
  const results = await Promise.all(processes.map(({ ended }) => ended));
  return results.map(({ stdout, stderr }) => {
    if (stdout === '') throw new Error(`A process printed nothing. Its stderr: ${stderr}`);
    return JSON.parse(stdout) as unknown[];
  });
}
