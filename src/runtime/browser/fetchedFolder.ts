/** @file An exported folder at an address: fetched, checked, and its large files kept for the next visit. */

/// <reference lib="dom" />

import { LxmertError, messageOf, UsageError } from '../../common/errors.js';
import {
  type ExportedFolder,
  type FileFacts,
  missingFile,
  requireChecksum,
  requireSize,
} from '../exportedFolder.js';
import type { FolderOptions } from '../platform.js';
import { sha256Of } from './checksum.js';
import { dropKept, findKept, keep } from './weightsCache.js';

/** Larger files than any model's are refused before memory is taken for them. */
const MAX_BYTES = 4 * 1024 ** 3;

/**
 * Opens the folder at an address, which may be relative to the page (in a worker: to its script).
 *
 * @param options whether large files are kept in the browser, which they are unless told otherwise, and what ends the loading
 * @throws UsageError for an address that a page cannot fetch from
 */
export function fetchedFolder(source: string, { cache = true, signal }: FolderOptions = {}): ExportedFolder {
  const base = addressOf(source);
  const at = (path: string): string => `${base}/${path.split('/').map(encodeURIComponent).join('/')}`;
  return {
    name: base,
    async read(path, maxBytes) {
      const response = await fetchFile(at(path), 'no-cache', signal);
      if (response === undefined) return undefined;
      return await readBody(response, at(path), maxBytes, { signal });
    },
    async readLarge(path, expected, { onBytes }) {
      const kept = cache ? await keptFile(expected) : undefined;
      if (kept !== undefined) {
        onBytes?.(kept.length);
        return kept;
      }
      const bytes = await fetchWhole(at(path), expected, { onBytes, signal });
      if (cache) await keep(expected.sha256, at(path), bytes);
      return bytes;
    },
  };
}

function addressOf(source: string): string {
  const base = globalThis.document?.baseURI ?? globalThis.location?.href;
  let url: URL;
  try {
    url = new URL(source, base);
  } catch (cause) {
    throw new UsageError(`'${source}' is no address of a folder.`, { cause });
  }
  if (url.protocol === 'file:') {
    throw new UsageError(
      `A page that was opened as a file cannot fetch a model (${url.href}). Serve its folder, for example with python3 -m http.server.`,
    );
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new UsageError(`'${source}' should be the address of a folder on a web server (https:).`);
  }
  return url.href.replace(/\/+$/, '');
}

/** A file that was kept, when it still is what it was. */
async function keptFile({ sha256, numBytes }: FileFacts): Promise<Uint8Array | undefined> {
  const bytes = await findKept(sha256);
  if (bytes === undefined) return undefined;
  if (bytes.length === numBytes && (await sha256Of(bytes)) === sha256) return bytes;
  await dropKept(sha256);
  return undefined;
}

async function fetchWhole(
  url: string,
  expected: FileFacts,
  { onBytes, signal }: Omit<BodyOptions, 'expected'>,
): Promise<Uint8Array> {
  // Kept by its checksum already; the browser's own cache would hold it twice.
  const response = await fetchFile(url, 'no-store', signal);
  if (response === undefined) throw missingFile(url);
  const bytes = await readBody(response, url, Math.min(expected.numBytes, MAX_BYTES), {
    expected,
    onBytes,
    signal,
  });
  requireSize(url, bytes.length, expected);
  requireChecksum(url, await sha256Of(bytes), expected);
  return bytes;
}

/** Undefined when there is no such file. */
async function fetchFile(
  url: string,
  cache: RequestCache,
  signal: AbortSignal | undefined,
): Promise<Response | undefined> {
  let response: Response;
  try {
    response = await fetch(url, { cache, signal: signal ?? null });
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    throw new LxmertError(
      `${url} cannot be fetched: ${messageOf(cause)}. Is there a connection, and may this page read from that server?`,
      { cause },
    );
  }
  if (response.status === 404 || response.status === 410) return undefined;
  if (!response.ok) {
    throw new LxmertError(`${url} cannot be fetched: the server answers with status ${response.status}.`);
  }
  // Hosts of single-page applications give their page for whatever is missing.
  return response.headers.get('content-type')?.startsWith('text/html') ? undefined : response;
}

interface BodyOptions {
  readonly expected?: FileFacts | undefined;
  readonly onBytes?: ((numBytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @throws LxmertError when it breaks off, or is more than `maxBytes` */
async function readBody(
  response: Response,
  url: string,
  maxBytes: number,
  { expected, onBytes, signal }: BodyOptions,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  // Of the size that is expected, so that a large file is in memory once.
  const whole = expected === undefined ? undefined : new Uint8Array(maxBytes);
  const reader = (response.body ?? new Blob([]).stream()).getReader();
  // Some engines leave a read that follows an abort without an end: this ends it as that of the body.
  const stop = (): void => void reader.cancel().catch(() => undefined);
  signal?.addEventListener('abort', stop, { once: true });
  let numBytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        if (signal?.aborted) throw signal.reason;
        throw new LxmertError(
          `${url} broke off after ${numBytes} bytes: ${messageOf(cause)}. Load it again when the connection is better.`,
          { cause },
        );
      });
      signal?.throwIfAborted();
      if (done) break;
      if (numBytes + value.length > maxBytes) {
        await reader.cancel().catch(() => undefined);
        if (expected !== undefined) requireSize(url, numBytes + value.length, expected);
        throw new LxmertError(
          `${url} is larger than ${maxBytes} bytes, so it is no file of an exported model.`,
        );
      }
      if (whole === undefined) chunks.push(value);
      else whole.set(value, numBytes);
      numBytes += value.length;
      onBytes?.(numBytes);
    }
  } finally {
    signal?.removeEventListener('abort', stop);
  }
  if (whole !== undefined) return numBytes === whole.length ? whole : whole.subarray(0, numBytes);
  const bytes = new Uint8Array(numBytes);
  let place = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, place);
    place += chunk.length;
  }
  return bytes;
}
