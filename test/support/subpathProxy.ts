/** @file A reverse proxy that serves a server under a path beside another site. */

import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SubpathProxy {
  /** With the path, without a slash at its end. */
  readonly address: string;
  close(): void;
}

export interface SubpathProxyOptions {
  /** Such as `/vqa`. */
  readonly path: string;
  /** Takes the path off, as nginx does with `location /vqa/ { proxy_pass http://127.0.0.1:8080/; }`. */
  readonly strips: boolean;
  /** Says the path in `X-Forwarded-Prefix`. */
  readonly says: boolean;
}

/** Starts one before `upstream`, an address such as `http://127.0.0.1:8080`. */
export async function startSubpathProxy(
  upstream: string,
  { path, strips, says }: SubpathProxyOptions,
): Promise<SubpathProxy> {
  const { hostname, port, host } = new URL(upstream);
  const server = http.createServer((request, response) => {
    const url = request.url ?? '/';
    if (url !== path && !url.startsWith(`${path}/`)) {
      response.writeHead(404);
      response.end('another site');
      return;
    }
    const passed = http.request(
      {
        hostname,
        port,
        path: strips ? url.slice(path.length) || '/' : url,
        method: request.method,
        headers: { ...request.headers, host, ...(says ? { 'x-forwarded-prefix': path } : {}) },
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    passed.on('error', () => response.destroy());
    request.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
