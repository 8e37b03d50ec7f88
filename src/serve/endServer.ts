/** @file Ending a server: what was begun is answered, and nobody can hold it up. */

import { setTimeout } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Service } from './service.js';

/** Milliseconds that a request which is still being sent may go on. */
const SENDING_TIME = 5000;
const INTERVAL = 20;

/** Counts requests that are under way; to be called before the server listens. */
export function countRequests(app: FastifyInstance): () => number {
  let numUnderWay = 0;
  app.addHook('onRequest', async (_request, reply) => {
    numUnderWay++;
    reply.raw.once('close', () => numUnderWay--);
  });
  return () => numUnderWay;
}

/** Takes no more requests, lets those that are at work be answered, and closes every connection. */
export async function endServer(
  app: FastifyInstance,
  service: Service,
  numUnderWay: () => number,
  sendingTime = SENDING_TIME,
): Promise<void> {
  const start = performance.now();
  const closed = app.close();
  // Those whose clients are still sending are not at work yet, and may never be.
  while (numUnderWay() > 0 && (service.isBusy || performance.now() - start < sendingTime)) {
    await setTimeout(INTERVAL);
  }
  app.server.closeAllConnections();
  await closed;
  await service.drain();
}
