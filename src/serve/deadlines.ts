/** @file When a request ends without an answer: its time is up, or its client is gone. */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ServeError } from './serveError.js';

const signals = new WeakMap<FastifyRequest, AbortSignal>();

/**
 * Gives every request its time, from its header on.
 *
 * @param why what may have taken it, at the end of the sentence that says so
 */
export function addDeadlines(app: FastifyInstance, timeout: number, why: () => string): void {
  app.addHook('onRequest', async (request, reply) => {
    const controller = new AbortController();
    const timer = setTimeout(
      () =>
        controller.abort(
          new ServeError('timeout', `The request took longer than ${timeout / 1000} s${why()}.`),
        ),
      timeout,
    );
    // Of the response: a request closes when its body was read, long before it is answered.
    reply.raw.once('close', () => {
      clearTimeout(timer);
      if (!reply.raw.writableFinished) controller.abort(new ServeError('timeout', 'The client is gone.'));
    });
    signals.set(request, controller.signal);
  });
}

/** Aborted with a ServeError. */
export function deadlineOf(request: FastifyRequest): AbortSignal {
  const signal = signals.get(request);
  if (signal === undefined) throw new Error('Deadlines were not added to this server.');
  return signal;
}

/** Waits for work as long as the signal allows; the work itself goes on. */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  return await new Promise<T>((resolve, reject) => {
    if (signal.aborted) {
      // What nobody waits for may fail unheard.
      work.catch(() => undefined);
      return reject(signal.reason);
    }
    const stop = (): void => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
