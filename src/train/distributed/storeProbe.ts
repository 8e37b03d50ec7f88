/**
 * @file Whether what listens at a port is a key store of process 0. libtorch's client takes whatever answers for one: it waits for
 * ever where nothing comes back, and what else comes back may end its process. So a process of its own asks first.
 */

import { execFile } from 'node:child_process';
import { randomInt, randomUUID } from 'node:crypto';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { KeyStore } from '../../torch/index.js';

/** Within which a store answers, which does so at once. */
const PROBE_SECONDS = 60;
/** Of a probe that found no store. */
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
  try {
    const limits = { timeout: 1000 * seconds, killSignal: 'SIGKILL', signal } as const;
    await promisify(execFile)(process.execPath, [program, host, String(port)], limits);
    return true;
  } catch (error) {
    signal?.throwIfAborted();
    // A name of the system's error stands there when the process could not be started.
    if (typeof (error as { code?: unknown }).code === 'string') throw error;
    return false;
  }
}

/** A store adds: two sums of numbers that nobody can guess are those of a store. */
function probe(host: string, port: number): boolean {
  using store = new KeyStore({ host, port, isServer: false, timeoutSeconds: PROBE_SECONDS, prefix: 'probe' });
  const key = randomUUID();
  const [first, second] = [1 + randomInt(2 ** 40), 1 + randomInt(2 ** 40)];
  return store.add(key, first) === first && store.add(key, second) === first + second;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , host = '', port = ''] = process.argv;
  try {
    if (!probe(host, Number(port))) process.exitCode = FOREIGN;
  } catch {
    process.exitCode = FOREIGN;
  }
}
