/** @file Waiting for other processes without keeping the event loop busy. */

import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';

const FIRST_PAUSE = 10;
const LONGEST_PAUSE = 250;

/**
 * Asks again and again until there is an answer.
 *
 * @returns undefined when there was none in time
 * @throws the signal's reason when it aborts
 */
export async function untilThere<T>(
  ask: () => T | undefined | Promise<T | undefined>,
  { seconds, signal }: { seconds: number; signal?: AbortSignal | undefined },
): Promise<T | undefined> {
  const deadline = performance.now() + 1000 * seconds;
  for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
    signal?.throwIfAborted();
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() >= deadline) return undefined;
    await setTimeout(pause, undefined, { signal });
  }
}

/** Whether somebody listens at a port. */
export async function isListening(host: string, port: number, timeoutMilliseconds = 2000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutMilliseconds, () => settle(false));
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}
