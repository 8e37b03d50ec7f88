/** @file The path under which a proxy serves this server beside other sites, such as /vqa. */

import type { IncomingMessage } from 'node:http';

/** First parts of this server's own addresses, which no base path may begin with: they could not be told apart. */
const OWN_ADDRESSES = ['v1', 'docs', 'assets', 'healthz', 'readyz', 'metrics', 'openapi.json'];

const BASE_PATH = /^(\/[A-Za-z0-9._~-]+)+$/;

/** Whether a text is a path such as `/vqa` or `/apps/vqa`, apart from this server's own. */
export function isBasePath(text: string): boolean {
  const [, first = ''] = text.split('/');
  return (
    BASE_PATH.test(text) &&
    !OWN_ADDRESSES.includes(first) &&
    !/(^|\/)\.{1,2}(\/|$)/.test(text) &&
    text.length <= 200
  );
}

/**
 * The base path of a request: the one that was set, or what the proxy says (`X-Forwarded-Prefix`); empty without
 * either. Whoever sends the header without a proxy changes the addresses in his own answer alone.
 */
export function basePathOf(request: IncomingMessage, set: string | undefined): string {
  if (set !== undefined) return set;
  const said = request.headers['x-forwarded-prefix'];
  const text = typeof said === 'string' ? said.replace(/\/+$/, '') : '';
  return isBasePath(text) ? text : '';
}

/** The address as this server knows it: without the base path, where the proxy leaves it on. */
export function withoutBasePath(url: string, basePath: string): string {
  if (basePath === '' || !url.startsWith(basePath)) return url;
  const rest = url.slice(basePath.length);
  if (rest === '' || rest.startsWith('?')) return `/${rest}`;
  return rest.startsWith('/') ? rest : url;
}
