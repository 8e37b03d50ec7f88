/** @file Memory for what requests carry: taken before a body is read, given back when the request is over. */

import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { deadlineOf } from './deadlines.js';
import type { Lease, MemoryBudget } from './memoryBudget.js';

/** Bodies of no more bytes are let through: a question is never behind a picture. */
export const SMALL_BODY = 64 * 1024;
/** JSON is in memory as it came, as text, and as the bytes that its base64 stands for. */
const JSON_COPIES = 3;

/** Milliseconds that a body may take to come into its stride. */
const GRACE = 5000;
/** Milliseconds between two looks at bodies that come in. */
const LOOK_INTERVAL = 500;

interface Incoming {
  readonly request: FastifyRequest;
  readonly start: number;
  /** What its connection had brought before. */
  readonly bytesBefore: number;
}

const leases = new WeakMap<FastifyRequest, Lease>();

export interface BodyMemoryOptions {
  readonly maxBodyBytes: number;
  /** Milliseconds that a request may take. */
  readonly timeout: number;
  /** Answers on a connection whose request comes too slowly, and ends it. */
  readonly endSlow: (socket: Socket) => void;
}

/** Makes requests with large bodies wait until there is memory for them, for half of their time at most; meanwhile
 * bodies that come too slowly give way. */
export function addBodyMemory(
  app: FastifyInstance,
  budget: MemoryBudget,
  { maxBodyBytes, timeout, endSlow }: BodyMemoryOptions,
): void {
  const incoming = new Set<Incoming>();
  const timer = setInterval(
    () => {
      if (budget.numWaiting === 0) return;
      for (const each of incoming) {
        if (each.request.raw.complete) incoming.delete(each);
        else if (isTooSlow(each, timeout)) endSlow(each.request.raw.socket);
      }
    },
    Math.min(LOOK_INTERVAL, timeout / 20),
  );
  timer.unref();
  app.addHook('onClose', async () => clearInterval(timer));
  app.addHook('onRequest', async (request, reply) => {
    const numBytes = bytesFor(request, maxBodyBytes);
    if (numBytes <= SMALL_BODY) return;
    const signal = AbortSignal.any([deadlineOf(request), AbortSignal.timeout(timeout / 2)]);
    const lease = await budget.takeForBody(numBytes, signal).catch((error: unknown) => {
      // Time was up for waiting, not for the request.
      throw deadlineOf(request).aborted ? error : budget.spent();
    });
    if (deadlineOf(request).aborted) return lease.release();
    leases.set(request, lease);
    const { socket } = request.raw;
    const entry = { request, start: performance.now(), bytesBefore: socket.bytesRead };
    incoming.add(entry);
    reply.raw.once('close', () => {
      incoming.delete(entry);
      lease.release();
    });
  });
}

/** Whether a body comes so slowly that it will not be there in time, and keeps others' memory until then. */
function isTooSlow({ request, start, bytesBefore }: Incoming, timeout: number): boolean {
  const elapsed = performance.now() - start;
  if (elapsed < Math.min(GRACE, timeout / 4)) return false;
  const received = request.raw.socket.bytesRead - bytesBefore;
  // Without a length, it is asked for no more than what any body is.
  const expected = Number(request.headers['content-length'] ?? SMALL_BODY);
  return received * timeout < expected * elapsed;
}

/** What a request's body was given; undefined for small ones. */
export function leaseOf(request: FastifyRequest): Lease | undefined {
  return leases.get(request);
}

/** @returns 0 for a request without a body, and for JSON that is refused for its size */
function bytesFor({ headers, server }: FastifyRequest, maxBodyBytes: number): number {
  const isOpenEnded = headers['transfer-encoding'] !== undefined;
  const length = isOpenEnded ? Number.POSITIVE_INFINITY : Number(headers['content-length'] ?? 0);
  if (headers['content-type']?.startsWith('multipart/')) return Math.min(length, maxBodyBytes);
  const { bodyLimit = maxBodyBytes } = server.initialConfig;
  if (length > bodyLimit && !isOpenEnded) return 0;
  return Math.min(length, bodyLimit) * JSON_COPIES;
}
