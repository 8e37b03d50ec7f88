/**
 * @file Whether what listens at a port is a key store of process 0. libtorch's client takes whatever answers for one: it waits for
 * ever where nothing comes back, and what else comes back may end its process. So a process of its own asks first.
 */

import { spawn } from 'node:child_process';
import { randomInt, randomUUID } from 'node:crypto';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { KeyStore } from '../../torch/index.js';

/** Within which a store answers, which does so at once. */
const PROBE_SECONDS = 60;
const STORE = 0;
const FOREIGN = 3;

/**
 * Asks, in another process, whether a key store is there.
 *
 * @returns false when something else listens, or nothing answers in time
 * @throws the signal's reason when it aborts
 */
export async function isKeyStore(
  host: string,
  port: number,
  { seconds, signal }: { seconds: number; signal?: AbortSignal | undefined },
): Promise<boolean> {
  const program = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, [program, host, String(port)], { stdio: 'ignore' });
  const giveUp = (): void => void child.kill('SIGKILL');
  const timer = setTimeout(giveUp, 1000 * seconds);
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', resolve);
    });
    signal?.throwIfAborted();
    return exitCode === STORE;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }
}

/** A store adds: two sums of numbers that nobody can guess are those of a store. */
function probe(host: string, port: number): number {
  using store = new KeyStore({ host, port, isServer: false, timeoutSeconds: PROBE_SECONDS, prefix: 'probe' });
  const key = randomUUID();
  const [first, second] = [1 + randomInt(2 ** 40), 1 + randomInt(2 ** 40)];
  const isAdding = store.add(key, first) === first && store.add(key, second) === first + second;
  return isAdding ? STORE : FOREIGN;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , host = '', port = ''] = process.argv;
  try {
    process.exitCode = probe(host, Number(port));
  } catch {
    process.exitCode = FOREIGN;
  }
}
