/** @file The HTTP server: limits, headers, errors, figures; its routes are in apiRoutes.ts and pageRoutes.ts. */

import type { Socket } from 'node:net';
import cors from '@fastify/cors';
import multipart from '@fastify/multipart';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { MAX_CHOICES } from '../inference/requests.js';
import { type Admission, admit } from './admission.js';
import { MAX_QUESTION_LENGTH, MAX_QUESTIONS } from './api.js';
import { addApiRoutes } from './apiRoutes.js';
import { basePathOf, withoutBasePath } from './basePath.js';
import { addBodyMemory } from './bodyMemory.js';
import { asServeError } from './clientFaults.js';
import { addDeadlines } from './deadlines.js';
import { measureServer } from './metrics.js';
import { addPageRoutes } from './pageRoutes.js';
import type { SampleScene } from './samples.js';
import { ServeError } from './serveError.js';
import type { Service } from './service.js';
import type { BusyWorker } from './workers/workerPool.js';

export interface ServerOptions extends Admission {
  readonly service: Service;
  /** Whether the workers have their models. */
  readonly isReady: () => boolean;
  /** What the workers are at, the longest at it first. */
  readonly busyWorkers: () => readonly BusyWorker[];
  readonly numReplaced: () => number;
  /** Tensors that are alive in the workers. */
  readonly numTensors: () => number;
  /** Bytes of a request's body. */
  readonly maxBodyBytes: number;
  /** Milliseconds that a request may take. */
  readonly timeout: number;
  /** Path under which a proxy serves this server, such as `/vqa`. Default: what the proxy says in `X-Forwarded-Prefix`. */
  readonly basePath?: string | undefined;
  /** Pictures to offer, by name. Default: scenes of the sample world, for a model of it. */
  readonly samples?: ReadonlyMap<string, SampleScene> | undefined;
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

/** A sample's name is a file's, of 255 bytes at most, and each may be written as three. */
const MAX_PARAMETER = 800;
/** Bytes of a JSON body: reading one takes the event loop a few milliseconds for each million. */
const MAX_JSON_BYTES = 8 * 1024 * 1024;

/** Builds the server; `listen` and `close` are the caller's. */
export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const { service, isReady, maxBodyBytes, timeout, allowedOrigins = [] } = options;
  const app = Fastify({
    // Pictures that are larger come as forms, which are taken in piece by piece; JSON is read as a whole.
    bodyLimit: Math.min(maxBodyBytes, MAX_JSON_BYTES),
    rewriteUrl: (request) => withoutBasePath(request.url ?? '/', basePathOf(request, options.basePath)),
    // Said in the form that all errors have.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => void sendError(asServeError(error), request, reply),
    clientErrorHandler: answerClientError,
    // A body that trickles in, a request that is never finished: both end when a request's time is up.
    requestTimeout: timeout,
    connectionTimeout: 2 * timeout,
    http: {
      // Node.js compares the two when it makes the server, before its own 5 minutes are replaced.
      requestTimeout: timeout,
      headersTimeout: timeout,
      connectionsCheckingInterval: Math.max(50, Math.min(1000, timeout / 4)),
    },
    routerOptions: { maxParamLength: MAX_PARAMETER },
  });
  await app.register(multipart, {
    limits: {
      fileSize: maxBodyBytes,
      files: 1,
      fields: MAX_QUESTIONS + MAX_CHOICES + 8,
      fieldSize: 4 * MAX_QUESTION_LENGTH,
    },
  });
  if (allowedOrigins.length > 0) {
    await app.register(cors, {
      origin: [...allowedOrigins],
      methods: ['GET', 'POST'],
      exposedHeaders: ['retry-after'],
    });
  }
  // Fastify reads plain text too; here a body is JSON or a form.
  app.removeContentTypeParser('text/plain');
  const metrics = measureServer(app, options);

  let isClosing = false;
  app.addHook('preClose', async () => {
    isClosing = true;
  });
  const longest = (): BusyWorker | undefined => options.busyWorkers()[0];
  addDeadlines(app, timeout, () => whatIsInTheWay(longest()));
  app.addHook('onSend', async (_request, reply) => {
    if (isClosing) reply.header('connection', 'close');
    for (const [name, value] of Object.entries(HEADERS)) {
      // Pages have a policy of their own.
      if (!reply.hasHeader(name)) reply.header(name, value);
    }
    if (reply.hasHeader('access-control-allow-origin')) {
      reply.header('cross-origin-resource-policy', 'cross-origin');
    }
  });
  app.addHook('onRequest', async (request) => {
    if (isClosing) throw new ServeError('shutting_down', 'The server is shutting down.');
    // By the route that was found: an address may be written in many ways.
    if (request.routeOptions.url?.startsWith('/v1/')) admit(request, options);
  });
  // Behind those: whoever may not ask takes no memory.
  addBodyMemory(app, service.memory, { maxBodyBytes, timeout, endSlow });
  app.setErrorHandler((error, request, reply) => {
    const known = withLimits(asServeError(error), maxBodyBytes);
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

  addApiRoutes(app, service);
  await addPageRoutes(app, service, options);
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const busy = options.busyWorkers();
    // One worker that is not overdue, or free, is enough.
    const isStuck = busy.length >= options.service.numWorkers && (busy.at(-1)?.seconds ?? 0) * 1000 > timeout;
    if (isReady() && !isStuck) return { status: 'ready' };
    return reply.status(503).send({ status: isStuck ? 'busy' : 'starting' });
  });
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.metrics()),
  );
  return app;
}

/** What is too large is told with the limits. */
function withLimits(error: ServeError, maxBodyBytes: number): ServeError {
  if (error.code !== 'too_large') return error;
  const inMebibytes = (bytes: number): string => `${Number((bytes / (1024 * 1024)).toFixed(2))} MiB`;
  const most = Math.min(maxBodyBytes, MAX_JSON_BYTES);
  const json = most < maxBodyBytes ? `; as JSON ${inMebibytes(most)}, so send a form` : '';
  return new ServeError(
    'too_large',
    `The request is too large: ${inMebibytes(maxBodyBytes)} are taken here (--max-body)${json}.`,
  );
}

/** The end of a sentence on a request whose time is up. */
function whatIsInTheWay(longest: BusyWorker | undefined): string {
  return longest === undefined || longest.seconds < 1
    ? ''
    : `; a worker has been at ${longest.work} for ${longest.seconds.toFixed(0)} s`;
}

/** As Node.js ends what does not come in time. */
function endSlow(socket: Socket): void {
  answerClientError(Object.assign(new Error('slow'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket);
  socket.destroySoon();
}

/** What is no HTTP, or comes too slowly: there is no request to answer, only a connection. */
function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const [status, message] =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? ['408 Request Timeout', 'The request did not come in time.']
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? ['431 Request Header Fields Too Large', "The request's header is too large."]
        : ['400 Bad Request', 'This is not HTTP.'];
  const body = JSON.stringify({ error: { code: 'bad_request', message, requestId: null } });
  const head = [
    `HTTP/1.1 ${status}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${body.length}`,
    'connection: close',
    ...Object.entries(HEADERS).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/**
 * What of a request was not read is not waited for, unless it is no more than any request may be: it is then read and
 * thrown away, within the time of requests. A client that is still sending when its connection is closed may never see
 * the answer (Node.js 24 then says EPIPE).
 */
function isRestShort(request: FastifyRequest): boolean {
  const length = Number(request.headers['content-length'] ?? Number.NaN);
  return length <= (request.server.initialConfig.bodyLimit ?? 0);
}

function sendError(known: ServeError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (known.status === 429 || known.status === 503) reply.header('retry-after', String(RETRY_AFTER));
  if (!request.raw.complete && !isRestShort(request)) reply.header('connection', 'close');
  if (known.status === 401) reply.header('www-authenticate', 'Bearer');
  const { code, message } = known;
  return reply.status(known.status).send({ error: { code, message, requestId: request.id } });
}
