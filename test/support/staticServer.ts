/** @file A plain static server, as `python3 -m http.server` is one: files by their names, no headers of its own choice. */

import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

/** What Python's server calls the kinds of files that a page has; everything else is octets to it. */
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.txt': 'text/plain',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.svg': 'image/svg+xml',
  '.gz': 'application/gzip',
  '.wasm': 'application/wasm',
};

/** What makes a page cross-origin isolated, and so gives it threads. */
export const ISOLATION = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
} as const;

export interface StaticServer {
  /** Ends in a slash. */
  readonly address: string;
  /** Paths that were asked for, in order. */
  readonly requests: string[];
  /** Bytes of all bodies that were sent. */
  readonly numBytesSent: () => number;
  close(): Promise<void>;
}

/** @param under a path that the folder is served under, beginning and ending in a slash */
export async function startStaticServer(
  folder: string,
  { under = '/', headers = {} }: { under?: string; headers?: Readonly<Record<string, string>> } = {},
): Promise<StaticServer> {
  const requests: string[] = [];
  let numBytes = 0;
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    requests.push(pathname);
    const name = pathname.startsWith(under) ? decodeURIComponent(pathname.slice(under.length)) : undefined;
    const file = path.join(folder, name === undefined || name.includes('..') ? '\0' : name);
    try {
      const found = (await stat(file)).isDirectory() ? path.join(file, 'index.html') : file;
      const bytes = await readFile(found);
      numBytes += bytes.length;
      const type = TYPES[path.extname(found)] ?? 'application/octet-stream';
      response
        .writeHead(200, { 'content-type': type, 'content-length': bytes.length, ...headers })
        .end(bytes);
    } catch {
      response.writeHead(404, { 'content-type': 'text/html', ...headers }).end('<h1>Error response</h1>');
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}${under}`,
    requests,
    numBytesSent: () => numBytes,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
