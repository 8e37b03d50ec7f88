/** @file The HTTP server: limits, headers, errors, figures; its routes are in apiRoutes.ts and pageRoutes.ts. */

import { createHash, timingSafeEqual } from 'node:crypto';
import cors from '@fastify/cors';
import multipart from '@fastify/multipart';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { MAX_QUESTION_LENGTH, MAX_QUESTIONS } from './api.js';
import { addApiRoutes } from './apiRoutes.js';
import { asServeError } from './clientFaults.js';
import { measure } from './metrics.js';
import { addPageRoutes } from './pageRoutes.js';
import { ServeError } from './serveError.js';
import type { Service } from './service.js';

export interface ServerOptions {
  readonly service: Service;
  /** Whether the workers have their models. */
  readonly isReady: () => boolean;
  readonly numReplaced: () => number;
  /** Tensors that are alive in the workers. */
  readonly numTensors: () => number;
  /** Bytes of a request's body. */
  readonly maxBodyBytes: number;
  /** Milliseconds that a request may take. */
  readonly timeout: number;
  /** Asked of every request to /v1 as `Authorization: Bearer TOKEN`; nothing is asked when absent. */
  readonly token?: string | undefined;
  /** Origins whose pages may use this server, such as `https://example.org`; none but its own by default. */
  readonly allowedOrigins?: readonly string[];
  /** Told of what went wrong in the server itself. */
  readonly onFailure?: (requestId: string, error: unknown) => void;
}

const HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const;
/** Seconds after which a client that was refused may try again. */
const RETRY_AFTER = 1;

/** Builds the server; `listen` and `close` are the caller's. */
export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const { service, isReady, maxBodyBytes, timeout, token, allowedOrigins = [] } = options;
  const app = Fastify({
    bodyLimit: maxBodyBytes,
    // A body that trickles in, a request that is never finished: both end when a request's time is up.
    requestTimeout: timeout,
    connectionTimeout: 2 * timeout,
    http: { headersTimeout: timeout, connectionsCheckingInterval: Math.max(50, Math.min(1000, timeout / 4)) },
    routerOptions: { maxParamLength: 100 },
  });
  await app.register(multipart, {
    limits: {
      fileSize: maxBodyBytes,
      files: 1,
      fields: MAX_QUESTIONS + 8,
      fieldSize: 4 * MAX_QUESTION_LENGTH,
    },
  });
  if (allowedOrigins.length > 0) {
    await app.register(cors, { origin: [...allowedOrigins], methods: ['GET', 'POST'] });
  }
  // Fastify reads plain text too; here a body is JSON or a form.
  app.removeContentTypeParser('text/plain');
  const metrics = measure(app, options);

  app.addHook('onSend', async (_request, reply) => {
    for (const [name, value] of Object.entries(HEADERS)) {
      // Pages have a policy of their own.
      if (!reply.hasHeader(name)) reply.header(name, value);
    }
    if (reply.hasHeader('access-control-allow-origin')) {
      reply.header('cross-origin-resource-policy', 'cross-origin');
    }
  });
  app.addHook('onRequest', async (request) => {
    // By the route that was found: an address may be written in many ways.
    if (token !== undefined && request.routeOptions.url?.startsWith('/v1/')) requireToken(request, token);
  });
  app.setErrorHandler((error, request, reply) => {
    const known = asServeError(error);
    if (known.code === 'internal') options.onFailure?.(request.id, error);
    return sendError(known, request, reply);
  });
  app.setNotFoundHandler((request, reply) =>
    sendError(
      new ServeError('not_found', `There is no ${request.method} ${request.url} here.`),
      request,
      reply,
    ),
  );

  addApiRoutes(app, service, timeout);
  await addPageRoutes(app, service);
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    if (isReady()) return { status: 'ready' };
    return reply.status(503).send({ status: 'starting' });
  });
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.metrics()),
  );
  return app;
}

function requireToken(request: FastifyRequest, token: string): void {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
  if (!timingSafeEqual(hash(given), hash(token))) {
    throw new ServeError('unauthorized', 'This server asks for a token: Authorization: Bearer TOKEN.');
  }
}

function sendError(known: ServeError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (known.status === 429 || known.status === 503) reply.header('retry-after', String(RETRY_AFTER));
  if (known.status === 401) reply.header('www-authenticate', 'Bearer');
  const { code, message } = known;
  return reply.status(known.status).send({ error: { code, message, requestId: request.id } });
}
