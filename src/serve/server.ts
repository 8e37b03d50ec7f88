/** @file The HTTP server: routes, limits, headers, errors; what it serves is in service.ts. */

import { createHash, timingSafeEqual } from 'node:crypto';
import multipart from '@fastify/multipart';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { z } from 'zod';
import { endSentence, messageOf } from '../common/errors.js';
import { version } from '../common/version.js';
import type { FeatureRow } from '../features/row.js';
import type { LookedAtRegion } from '../inference/look.js';
import {
  type AnswerRequest,
  type AnswerResponse,
  answerRequest,
  type FeaturesResponse,
  featuresRequest,
  type givenFeatures,
  MAX_QUESTION_LENGTH,
  MAX_QUESTIONS,
} from './api.js';
import { openApiDocument } from './openApi.js';
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
    if (token !== undefined && request.url.startsWith('/v1/')) requireToken(request, token);
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

function rowOf({ width, height, boxes, features }: z.output<typeof givenFeatures>): FeatureRow {
  const bytes = decodeBase64(features);
  if (bytes.byteLength % 4 !== 0) {
    throw new ServeError(
      'bad_request',
      `features must be float32 values; ${bytes.byteLength} bytes were sent.`,
    );
  }
  const numBoxes = boxes.length;
  return {
    imageId: 'features',
    width,
    height,
    numBoxes,
    boxes: Float32Array.from(boxes.flat()),
    features: new Float32Array(new Uint8Array(bytes).buffer),
    objectsId: new BigInt64Array(numBoxes),
    objectsConf: new Float32Array(numBoxes),
    attrsId: new BigInt64Array(numBoxes),
    attrsConf: new Float32Array(numBoxes),
  };
}

function regionOf({ box, object, attribute }: LookedAtRegion) {
  const label = (of: LookedAtRegion['object']) => of && { ...of, name: of.name ?? null };
  return {
    box: [box.x1, box.y1, box.x2, box.y2] as [number, number, number, number],
    object: label(object),
    attribute: label(attribute),
  };
}

interface Form {
  readonly bytes: Uint8Array | undefined;
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

async function readForm(request: FastifyRequest): Promise<Form> {
  const fields = new Map<string, string[]>();
  let bytes: Uint8Array | undefined;
  try {
    for await (const part of request.parts()) {
      if (part.type !== 'file') {
        fields.set(part.fieldname, [...(fields.get(part.fieldname) ?? []), String(part.value)]);
        continue;
      }
      if (part.fieldname !== 'image') {
        throw new ServeError(
          'bad_request',
          `There is no file field '${part.fieldname}': the picture's is 'image'.`,
        );
      }
      bytes = await part.toBuffer();
    }
  } catch (error) {
    // The reader of forms throws plain errors for a form that is cut short or has no boundary.
    if (asServeError(error).code !== 'internal') throw error;
    throw new ServeError('bad_request', `The form cannot be read: ${endSentence(messageOf(error))}`, {
      cause: error,
    });
  }
  return { bytes, fields };
}

/** Fields `question` (once or more), `topK`, `regions`, and the file `image`. */
async function fromForm(request: FastifyRequest): Promise<AnswerRequest & { bytes?: Uint8Array }> {
  const { bytes, fields } = await readForm(request);
  for (const name of fields.keys()) {
    if (!['question', 'topK', 'regions', 'imageId'].includes(name)) {
      throw new ServeError(
        'bad_request',
        `There is no field '${name}': question, topK, regions and imageId are known.`,
      );
    }
  }
  const one = (name: string): string | undefined => fields.get(name)?.[0];
  const topK = one('topK');
  const imageId = one('imageId');
  const asked = parse(answerRequest, {
    // The picture's bytes follow beside it; the schema is told of a picture all the same.
    ...(bytes === undefined ? {} : { image: 'AAAA' }),
    ...(imageId === undefined ? {} : { imageId }),
    questions: fields.get('question') ?? [],
    ...(topK === undefined ? {} : { topK: Number(topK) }),
    regions: one('regions') === 'true',
  });
  return bytes === undefined ? asked : { ...asked, bytes };
}

function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  throw new ServeError(
    'bad_request',
    `The request is not as expected: ${place}${issue?.message ?? 'no JSON object'}.`,
  );
}

function decodeBase64(text: string): Uint8Array {
  return Buffer.from(text, 'base64');
}

function requireImage(bytes: Uint8Array | undefined): Uint8Array {
  if (bytes !== undefined && bytes.byteLength > 0) return bytes;
  throw new ServeError('bad_request', "The request has no picture: send its file as the field 'image'.");
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

/** Codes of fastify and its parts for what a client did wrong. */
const CLIENT_FAULTS: Readonly<Record<string, ServeError['code']>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'too_large',
  FST_REQ_FILE_TOO_LARGE: 'too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
};

function sendError(known: ServeError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (known.status === 429 || known.status === 503) reply.header('retry-after', String(RETRY_AFTER));
  if (known.status === 401) reply.header('www-authenticate', 'Bearer');
  const { code, message } = known;
  return reply.status(known.status).send({ error: { code, message, requestId: request.id } });
}

function asServeError(error: unknown): ServeError {
  if (error instanceof ServeError) return error;
  const {
    code = '',
    statusCode = 500,
    message = '',
  } = error as { code?: string; statusCode?: number; message?: string };
  const fault = CLIENT_FAULTS[code] ?? (statusCode >= 400 && statusCode < 500 ? 'bad_request' : undefined);
  if (fault !== undefined) return new ServeError(fault, endSentence(message));
  return new ServeError('internal', 'Something went wrong here; the log says what, by the request id.', {
    cause: error,
  });
}

function measure(app: FastifyInstance, { service, isReady, numReplaced }: ServerOptions): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const requests = new Counter({
    name: 'lxmert_requests_total',
    help: 'Requests by route and status',
    labelNames: ['route', 'status'],
    registers,
  });
  const seconds = new Histogram({
    name: 'lxmert_request_seconds',
    help: 'Time from a request to its answer',
    labelNames: ['route'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  gauge('lxmert_ready', '1 when the workers have their models', () => (isReady() ? 1 : 0));
  gauge('lxmert_queue_length', 'Questions and pictures that wait', () => service.numWaiting);
  gauge('lxmert_vision_cache_bytes', 'Bytes of kept pictures', () => service.cache.numBytes);
  gauge('lxmert_vision_cache_entries', 'Kept pictures', () => service.cache.size);
  gauge(
    'lxmert_vision_cache_hits',
    'Pictures that were kept when asked about',
    () => service.counts.cacheHits,
  );
  gauge('lxmert_vision_cache_misses', 'Pictures that had to be looked at', () => service.counts.cacheMisses);
  gauge('lxmert_questions', 'Questions answered', () => service.counts.questions);
  gauge('lxmert_batches', 'Batches of questions', () => service.counts.batches);
  gauge('lxmert_workers_replaced', 'Workers that died and were replaced', numReplaced);
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    requests.inc({ route, status: reply.statusCode });
    seconds.observe({ route }, reply.elapsedTime / 1000);
  });
  return registry;
}
