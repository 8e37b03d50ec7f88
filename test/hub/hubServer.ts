/** @file A hub on this machine: two web servers, the second of which gives large files, as the real hub's storage does. */

import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import {
  type FileOptions,
  type Served,
  serveFile,
  startServer,
  type TestServer,
} from '../data/download/server.js';

/** Files by path. Those of over a kilobyte are large ones, kept apart. */
export type HubFiles = Readonly<Record<string, Buffer>>;

export interface HubModel {
  readonly commit: string;
  readonly files: HubFiles;
  /** Further revisions: branches and tags. */
  readonly revisions?: Readonly<Record<string, string>>;
  /** Only whoever has this token may see it. */
  readonly token?: string;
  /** Its terms were not agreed to: files are refused, the list is not. */
  readonly isGated?: boolean;
}

export interface TestHub {
  readonly url: string;
  readonly api: TestServer;
  readonly storage: TestServer;
  readonly models: Map<string, HubModel>;
  /** Answers in place of the hub, or of its storage, when it returns true. */
  interfere: (served: Served, host: 'api' | 'storage') => boolean;
  /** How large files are served. */
  serving: (served: Served) => FileOptions;
  /** `HOST METHOD path` of every request so far. */
  log: string[];
  /** The token that each request to a host carried. */
  tokens: { readonly host: string; readonly token: string | undefined }[];
}

const LARGE = 1000;

const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const gitBlobOf = (bytes: Buffer): string =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
export const etagOf = (bytes: Buffer): string => (bytes.length > LARGE ? sha256Of(bytes) : gitBlobOf(bytes));

export async function startHub(models: Readonly<Record<string, HubModel>> = {}): Promise<TestHub> {
  const api = await startServer((served) => answerApi(hub, served));
  const storage = await startServer((served) => answerStorage(hub, served));
  const hub: TestHub = {
    url: api.url,
    api,
    storage,
    models: new Map(Object.entries(models)),
    interfere: () => false,
    serving: () => ({ etag: '"storage"' }),
    log: [],
    tokens: [],
  };
  return hub;
}

function note(hub: TestHub, host: 'api' | 'storage', request: IncomingMessage): void {
  hub.log.push(
    `${host} ${request.url?.replace(/\?.*$/, '')}${request.headers.range ? ` ${request.headers.range}` : ''}`,
  );
  hub.tokens.push({ host, token: request.headers.authorization });
}

function answerApi(hub: TestHub, served: Served): unknown {
  const { request, response } = served;
  note(hub, 'api', request);
  if (hub.interfere(served, 'api')) return undefined;
  const url = new URL(request.url ?? '', hub.url);
  const json = (value: unknown, headers: Record<string, string> = {}): void =>
    void response
      .writeHead(200, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify(value));
  const refuse = (status: number, code: string): void =>
    void response
      .writeHead(status, { 'x-error-code': code, 'x-error-message': `${code} here` })
      .end(`{"error":"${code}"}`);
  const [, name = '', kind, revision = '', path = ''] =
    /^\/api\/models\/([^/]+\/[^/]+)\/(revision|tree)\/([^/]+)()$/.exec(url.pathname) ??
    /^\/([^/]+\/[^/]+)\/(resolve)\/([^/]+)\/(.+)$/.exec(url.pathname) ??
    [];
  const model = hub.models.get(name);
  const isAllowed = model?.token === undefined || request.headers.authorization === `Bearer ${model.token}`;
  // The real hub does not tell what there is and may not be seen from what there is not.
  if (model === undefined || !isAllowed)
    return refuse(request.headers.authorization ? 404 : 401, 'RepoNotFound');
  const asked = decodeURIComponent(revision);
  const commit = asked === 'main' || asked === model.commit ? model.commit : model.revisions?.[asked];
  if (commit === undefined) return refuse(404, 'RevisionNotFound');
  if (kind === 'revision')
    return json({ _id: '1', id: name, sha: commit, private: false, lastModified: '2020-01-01' });
  if (kind === 'tree') return listPage(hub, url, model, json);
  if (model.isGated) return refuse(403, 'GatedRepo');
  const bytes = model.files[path];
  if (bytes === undefined) return refuse(404, 'EntryNotFound');
  if (bytes.length <= LARGE)
    return serveFile(served, bytes, { etag: `"${gitBlobOf(bytes)}"`, type: 'text/plain' });
  const location = `${hub.storage.url}/${sha256Of(bytes)}`;
  return response
    .writeHead(302, { location, 'x-linked-etag': `"${sha256Of(bytes)}"`, 'x-repo-commit': commit })
    .end();
}

/** The list comes in pages of three files. */
function listPage(
  hub: TestHub,
  url: URL,
  { files }: HubModel,
  json: (value: unknown, headers?: Record<string, string>) => void,
): void {
  const entries = Object.entries(files).map(([path, bytes]) => ({
    type: 'file',
    path,
    size: bytes.length,
    oid: gitBlobOf(bytes),
    ...(bytes.length > LARGE && { lfs: { oid: sha256Of(bytes), size: bytes.length, pointerSize: 134 } }),
  }));
  const start = Number(url.searchParams.get('cursor') ?? 0);
  const next = new URL(url);
  next.searchParams.set('cursor', String(start + 3));
  const isLast = start + 3 >= entries.length;
  json(
    entries.slice(start, start + 3),
    isLast ? {} : { link: `<${hub.url}${next.pathname}${next.search}>; rel="next"` },
  );
}

function answerStorage(hub: TestHub, served: Served): unknown {
  note(hub, 'storage', served.request);
  if (hub.interfere(served, 'storage')) return undefined;
  const wanted = served.request.url?.slice(1);
  const all = [...hub.models.values()].flatMap(({ files }) => Object.values(files));
  const bytes = all.find((each) => sha256Of(each) === wanted);
  if (bytes === undefined) return served.response.writeHead(404).end();
  return serveFile(served, bytes, hub.serving(served));
}
