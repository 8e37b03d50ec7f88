/** @file The HTTP server: routes, limits, headers, errors; what it serves is in service.ts. */

import { createHash, timingSafeEqual } from 'node:crypto';
import multipart from '@fastify/multipart';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { version } from '../common/version.js';
import type { LookedAtRegion } from '../inference/look.js';
import {
  type AnswerRequest,
  type AnswerResponse,
  answerRequest,
  type FeaturesResponse,
  featuresRequest,
  MAX_QUESTION_LENGTH,
  MAX_QUESTIONS,
} from './api.js';
import { asServeError } from './clientFaults.js';
import { measure } from './metrics.js';
import { openApiDocument } from './openApi.js';
import { decodeBase64, fromForm, parse, readForm, requireImage, rowOf } from './readRequest.js';
import { ServeError } from './serveError.js';
import type { Service } from './service.js';
import type { ModelFacts } from './workers/protocol.js';

export interface ServerOptions {
  readonly service: Service;
  readonly facts: ModelFacts;
  /** Whether the workers have their models. */
  readonly isReady: () => boolean;
  readonly numReplaced: () => number;
  /** Bytes of a request's body. */
  readonly maxBodyBytes: number;
  /** Milliseconds that a request may take. */
  readonly timeout: number;
  /** Asked of every request to /v1 as `Authorization: Bearer TOKEN`; nothing is asked when absent. */
  readonly token?: string | undefined;
  /** Told of what went wrong in the server itself. */
  readonly onFailure?: (requestId: string, error: unknown) => void;
}

const HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const;
/** Seconds after which a client that was refused may try again. */
const RETRY_AFTER = 1;

/** Builds the server; `listen` and `close` are the caller's. */
export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const { service, facts, isReady, maxBodyBytes, timeout, token } = options;
  const app = Fastify({
    bodyLimit: maxBodyBytes,
    requestTimeout: timeout,
    connectionTimeout: timeout,
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
  // Fastify reads plain text too; here a body is JSON or a form.
  app.removeContentTypeParser('text/plain');
  const metrics = measure(app, options);

  app.addHook('onSend', async (_request, reply) => {
    reply.headers(HEADERS);
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

  app.post('/v1/answer', async (request): Promise<AnswerResponse> => {
    const signal = deadline(request, timeout);
    const asked = request.isMultipart() ? await fromForm(request) : parse(answerRequest, request.body);
    const { imageKey, imageId, seen } = await seenOf(service, asked, signal);
    const answers = await service.answer(imageKey, seen, asked.questions, asked.topK, signal);
    return {
      imageId,
      width: seen.row.width,
      height: seen.row.height,
      results: asked.questions.map((question, i) => ({ question, answers: [...(answers[i] ?? [])] })),
      ...(asked.regions ? { regions: seen.regions.map(regionOf) } : {}),
    };
  });

  app.post('/v1/features', async (request): Promise<FeaturesResponse> => {
    const signal = deadline(request, timeout);
    const bytes = request.isMultipart()
      ? (await readForm(request)).bytes
      : decodeBase64(parse(featuresRequest, request.body).image);
    const { imageId, seen } = await service.look(requireImage(bytes), signal);
    const { width, height, features, numBoxes } = seen.row;
    return {
      imageId,
      width,
      height,
      featureSize: features.length / numBoxes,
      regions: seen.regions.map(regionOf),
      features: Buffer.from(features.buffer, features.byteOffset, features.byteLength).toString('base64'),
    };
  });

  app.get('/v1/models', async () => ({ version: version(), models: [facts] }));
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    if (isReady()) return { status: 'ready' };
    return reply.status(503).send({ status: 'starting' });
  });
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.metrics()),
  );
  app.get('/openapi.json', async () => openApiDocument());
  return app;
}

/** The picture or features that a request is about. */
async function seenOf(service: Service, asked: AnswerRequest & { bytes?: Uint8Array }, signal: AbortSignal) {
  if (asked.imageId !== undefined) {
    const { imageId } = asked;
    return { imageKey: imageId, imageId, seen: service.recall(imageId) };
  }
  if (asked.features !== undefined) {
    const row = rowOf(asked.features);
    const imageKey = createHash('sha256').update(asked.features.features).digest('hex');
    return { imageKey, imageId: null, seen: await service.describe(row) };
  }
  const bytes = asked.bytes ?? decodeBase64(asked.image ?? '');
  const { imageId, seen } = await service.look(requireImage(bytes), signal);
  return { imageKey: imageId, imageId, seen };
}

function regionOf({ box, object, attribute }: LookedAtRegion) {
  const label = (of: LookedAtRegion['object']) => of && { ...of, name: of.name ?? null };
  return {
    box: [box.x1, box.y1, box.x2, box.y2] as [number, number, number, number],
    object: label(object),
    attribute: label(attribute),
  };
}

function requireToken(request: FastifyRequest, token: string): void {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
  if (!timingSafeEqual(hash(given), hash(token))) {
    throw new ServeError('unauthorized', 'This server asks for a token: Authorization: Bearer TOKEN.');
  }
}

/** Ends when the client goes away or its time is up. */
function deadline(request: FastifyRequest, timeout: number): AbortSignal {
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new ServeError('timeout', `The answer took longer than ${timeout / 1000} s.`)),
    timeout,
  );
  request.raw.once('close', () => {
    clearTimeout(timer);
    if (request.raw.destroyed && !request.raw.complete)
      controller.abort(new ServeError('timeout', 'The client is gone.'));
  });
  request.raw.socket.once('close', () => controller.abort(new ServeError('timeout', 'The client is gone.')));
  return controller.signal;
}

function sendError(known: ServeError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (known.status === 429 || known.status === 503) reply.header('retry-after', String(RETRY_AFTER));
  if (known.status === 401) reply.header('www-authenticate', 'Bearer');
  const { code, message } = known;
  return reply.status(known.status).send({ error: { code, message, requestId: request.id } });
}
