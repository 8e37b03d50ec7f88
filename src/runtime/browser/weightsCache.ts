/** @file Large files kept in the browser's Cache Storage under their SHA-256, so that a second visit loads none. */

/// <reference lib="dom" />

/** Of this form of entries; another form takes another name. */
const WEIGHTS_CACHE = 'lxmert-weights-1';
/** Which address a kept file came from. */
const SOURCE_HEADER = 'x-lxmert-source';

/** What is kept under a checksum, unchecked; undefined when there is nothing, or no storage. */
export async function findKept(sha256: string): Promise<Uint8Array | undefined> {
  const cache = await openCache();
  const response = await cache?.match(keyOf(sha256)).catch(() => undefined);
  return response === undefined ? undefined : new Uint8Array(await response.arrayBuffer());
}

/**
 * Keeps a file, in place of what came from the same address before. A full disk is no failure: the file is loaded
 * again another time.
 */
export async function keep(sha256: string, source: string, bytes: Uint8Array): Promise<void> {
  const cache = await openCache();
  if (cache === undefined) return;
  try {
    for (const request of await cache.keys()) {
      const kept = await cache.match(request);
      if (kept?.headers.get(SOURCE_HEADER) === source) await cache.delete(request);
    }
    const headers = { [SOURCE_HEADER]: source, 'content-type': 'application/octet-stream' };
    await cache.put(keyOf(sha256), new Response(bytes as Uint8Array<ArrayBuffer>, { headers }));
  } catch {
    await cache.delete(keyOf(sha256)).catch(() => false);
  }
}

/** Takes away what turned out damaged. */
export async function dropKept(sha256: string): Promise<void> {
  const cache = await openCache();
  await cache?.delete(keyOf(sha256)).catch(() => false);
}

/** An address of no file: keys of a cache have to be some. */
function keyOf(sha256: string): string {
  return new URL(`/lxmert-weights/${sha256}`, globalThis.location.href).href;
}

/** Pages without a secure context have no storage, and some browsers refuse it in private windows. */
async function openCache(): Promise<Cache | undefined> {
  const storage = (globalThis as { caches?: CacheStorage }).caches;
  return await storage?.open(WEIGHTS_CACHE).catch(() => undefined);
}
