/**
 * @file Keeps the page for visits without a connection. What it keeps is listed in front of it by the export; weights and
 * engines are kept by the page itself, under their checksums.
 */

/** What is used of a service worker's own names, which TypeScript has apart from those of pages. */
interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
interface WorkerScope {
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install' | 'activate', listener: (event: ExtendableEvent) => void): void;
  addEventListener(type: 'fetch', listener: (event: FetchEvent) => void): void;
  /** Written in front of this script by the export. */
  readonly lxmertSite: { readonly content: string; readonly files: readonly string[] };
}

const scope = globalThis as unknown as WorkerScope;
const { content, files } = scope.lxmertSite;
const base = scope.registration.scope;
/** A host may have several sites under paths of their own. */
const prefix = `lxmert-site ${base} `;
const cacheName = `${prefix}${content}`;
const addresses = new Map(files.map((file) => [new URL(file, base).href, file]));

scope.addEventListener('install', (event) => {
  event.waitUntil(install());
});
scope.addEventListener('activate', (event) => {
  event.waitUntil(activate());
});
scope.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET') return;
  const url = new URL(request.url);
  url.search = '';
  url.hash = '';
  const address = url.href === base ? new URL('index.html', base).href : url.href;
  if (addresses.has(address)) event.respondWith(answer(address, request));
});

async function install(): Promise<void> {
  const cache = await caches.open(cacheName);
  await cache.addAll(
    // Names with a hash never change, and the browser has just loaded them; the others are asked for anew.
    [...addresses].map(
      ([url, file]) => new Request(url, { cache: file.startsWith('assets/') ? 'default' : 'no-cache' }),
    ),
  );
  // The page is loaded whole before this runs, so an open one needs nothing of what is replaced.
  await scope.skipWaiting();
}

async function activate(): Promise<void> {
  const old = (await caches.keys()).filter((each) => each.startsWith(prefix) && each !== cacheName);
  await Promise.all(old.map((each) => caches.delete(each)));
  await scope.clients.claim();
}

async function answer(address: string, request: Request): Promise<Response> {
  const kept = await (await caches.open(cacheName)).match(address);
  return kept ?? (await fetch(request));
}
