/** @file What a browser is shown: the page, the sample scenes, and the API's own page. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { webFolder } from '../explain/webFolder.js';
import type { SampleResponse } from './api.js';
import { basePathOf } from './basePath.js';
import { openApiDocument } from './openApi.js';
import { drawSamples, type SampleScene } from './samples.js';
import { ServeError } from './serveError.js';
import type { Service } from './service.js';

/** Scripts, styles and requests of this server alone; pictures that the visitor chose are blobs. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Names of scripts and styles hold a hash of what is in them. */
const ASSETS = { index: false, immutable: true, maxAge: '365d' } as const;

interface PageOptions {
  readonly basePath?: string | undefined;
  readonly samples?: ReadonlyMap<string, SampleScene> | undefined;
}

export async function addPageRoutes(
  app: FastifyInstance,
  service: Service,
  { basePath, samples: given }: PageOptions,
): Promise<void> {
  const folder = webFolder();
  const page = await readFile(path.join(folder, 'app', 'index.html'), 'utf8');
  // Addresses in it are relative, for any path that a proxy serves it under; where the path is known they begin with it, so
  // that the page works without a slash at the end of its address too.
  app.get('/', async (request, reply) =>
    sendPage(
      reply.header('vary', 'x-forwarded-prefix'),
      page.replaceAll('"./', `"${addressOf(basePathOf(request.raw, basePath))}/`),
    ),
  );
  await app.register(fastifyStatic, {
    root: path.join(folder, 'app', 'assets'),
    prefix: '/assets/',
    preCompressed: true,
    ...ASSETS,
  });

  const samples: ReadonlyMap<string, SampleScene> =
    given ?? (service.models[0]?.isOfSampleWorld ? await drawSamples() : new Map());
  app.get('/v1/samples', async (): Promise<{ samples: SampleResponse[] }> => {
    return { samples: [...samples.values()].map(({ sample }) => sample) };
  });
  app.get<{ Params: { file: string } }>('/v1/samples/:file', async ({ params }, reply) => {
    const { name, ending } = /^(?<name>.*)\.(?<ending>png|webp)$/.exec(params.file)?.groups ?? {};
    const scene = samples.get(name ?? '');
    if (scene === undefined) {
      throw new ServeError('not_found', `There is no sample '${params.file}' here.`);
    }
    return ending === 'png'
      ? reply.type('image/png').send(scene.png)
      : reply.type('image/webp').send(scene.thumbnail);
  });

  const document = openApiDocument();
  app.get('/openapi.json', async () => document);
  await addApiPage(app, path.join(folder, 'docs'));
}

/** The page about the API, under /docs/: its parts and the document that it reads are beside and above it. */
async function addApiPage(app: FastifyInstance, folder: string): Promise<void> {
  const page = await readFile(path.join(folder, 'index.html'), 'utf8');
  // Without the slash its addresses would begin a level higher.
  app.get('/docs', async (_request, reply) => reply.redirect('docs/'));
  app.get('/docs/', async (_request, reply) => sendPage(reply, page));
  await app.register(fastifyStatic, {
    root: path.join(folder, 'assets'),
    prefix: '/docs/assets/',
    decorateReply: false,
    ...ASSETS,
  });
}

function sendPage(reply: FastifyReply, page: string): FastifyReply {
  return reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', PAGE_POLICY)
    .header('cache-control', 'no-cache')
    .send(page);
}

/** Of a base path, as addresses in the page begin: `.` where it is not known. */
function addressOf(basePath: string): string {
  return basePath === '' ? '.' : basePath;
}
