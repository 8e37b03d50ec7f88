/** @file A local web server that serves one file well or badly, as told for each request. */

import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll } from 'vitest';
import { Random } from '../../../src/common/random.js';

/** Bytes that depend on `seed` alone and do not look like text. */
export function randomBytes(length: number, seed = 1): Buffer {
  const random = new Random(seed);
  return Buffer.from(Uint8Array.from({ length }, () => random.integer(256)));
}

export interface Served {
  /** The n-th request to this server, from 0. */
  readonly number: number;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

export interface TestServer {
  readonly url: string;
  /** `path range` of every request so far. */
  readonly log: string[];
  readonly requests: IncomingMessage[];
  /** Answers from now on. */
  answer: (served: Served) => void;
}

/** Starts a server on a free port of this machine; it goes away after the test file. */
export async function startServer(answer: (served: Served) => void): Promise<TestServer> {
  const sockets = new Set<Socket>();
  const server = http.createServer((request, response) => {
    const number = state.log.length;
    state.log.push(`${request.url} ${request.headers.range ?? '-'}`);
    state.requests.push(request);
    response.on('error', () => undefined);
    state.answer({ number, request, response });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const state: TestServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    log: [],
    requests: [],
    answer,
  };
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return state;
}

export interface FileOptions {
  readonly etag?: string | undefined;
  readonly type?: string;
  /** Break the connection off after so many bytes of this answer. */
  readonly dropAfter?: number | undefined;
  /** Answer 200 with the whole file whatever was asked. */
  readonly ignoreRange?: boolean;
}

/** Serves `content` as a good server does: ranges, `If-Range`, 416. */
export function serveFile({ request, response }: Served, content: Buffer, options: FileOptions = {}): void {
  const { etag, dropAfter } = options;
  const headers: Record<string, string> = { 'content-type': options.type ?? 'application/octet-stream' };
  if (etag !== undefined) headers.etag = etag;
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  const condition = request.headers['if-range'];
  let start = 0;
  if (range !== null && options.ignoreRange !== true && (condition === undefined || condition === etag)) {
    start = Number(range[1]);
    if (start >= content.length) {
      response.writeHead(416, { ...headers, 'content-range': `bytes */${content.length}` }).end();
      return;
    }
    headers['content-range'] = `bytes ${start}-${content.length - 1}/${content.length}`;
    response.statusCode = 206;
  }
  const body = content.subarray(start);
  response.writeHead(response.statusCode, { ...headers, 'content-length': String(body.length) });
  if (dropAfter === undefined || dropAfter >= body.length) {
    response.end(body);
    return;
  }
  // An orderly end of the connection in the middle of the body: what was sent before it arrives.
  response.write(body.subarray(0, dropAfter), () => request.socket.end());
}
