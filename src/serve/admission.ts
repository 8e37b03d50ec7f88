/** @file Who may ask: whoever has the token, or, where none is asked for, no other site's pages. */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { ServeError } from './serveError.js';

export interface Admission {
  /** Asked of every request to /v1 as `Authorization: Bearer TOKEN`; nothing is asked when absent. */
  readonly token?: string | undefined;
  /** Origins whose pages may use this server, such as `https://example.org`; none but its own by default. */
  readonly allowedOrigins?: readonly string[];
  /** True when only this machine is served: then a page that calls it by another name is another site's. */
  readonly isLocal?: boolean;
}

const LOCAL_NAMES = ['localhost', '127.0.0.1', '[::1]'];

/** @throws ServeError for a request that may not be made */
export function admit(
  request: FastifyRequest,
  { token, allowedOrigins = [], isLocal = false }: Admission,
): void {
  if (token !== undefined) {
    requireToken(request, token);
    return;
  }
  const { origin = '', host = '' } = request.headers;
  if (allowedOrigins.includes(origin)) return;
  // A form may be sent by any page without asking first.
  if (isFromElsewhere(request)) {
    throw new ServeError(
      'forbidden',
      `Pages of other sites may not ask here${origin === '' ? '' : `, and this one is of '${origin}'`} (--allow-origin lets them).`,
    );
  }
  // A name that a foreign server gives out may lead to this machine.
  const names = [...LOCAL_NAMES, ...allowedOrigins.map((each) => new URL(each).hostname)];
  if (isLocal && !names.includes(host.replace(/:\d+$/, '').toLowerCase())) {
    throw new ServeError(
      'forbidden',
      `This server is for this machine, and was asked as '${host}'. Behind a proxy, name its origin with --allow-origin.`,
    );
  }
}

/**
 * Whether a page of another origin sends this. Browsers say so themselves, but not to a server that speaks plain HTTP by an
 * address of a network; there the page's origin, which no page can leave out of what changes or carries something, has to be
 * the one that is asked. A proxy's own name for itself stands in `X-Forwarded-Host`, which no foreign form can send.
 */
function isFromElsewhere({ headers }: FastifyRequest): boolean {
  const { origin, host = '', 'sec-fetch-site': site } = headers;
  if (site === 'same-origin' || site === 'none') return false;
  if (site === 'cross-site') return true;
  if (origin === undefined) return false;
  const forwarded = String(headers['x-forwarded-host'] ?? '').split(',', 1)[0] as string;
  return ![host, forwarded.trim()].some((name) => name !== '' && isOriginOf(origin, name));
}

/** Whether a page of `origin` would ask `host` by that name; a proxy may speak another protocol than this server. */
function isOriginOf(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, host: asking } = new URL(origin);
  // Default ports are left out of the one and may stand in the other.
  return URL.canParse(`${protocol}//${host}`) && new URL(`${protocol}//${host}`).host === asking;
}

function requireToken(request: FastifyRequest, token: string): void {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  if (!timingSafeEqual(hash(given), hash(token))) {
    throw new ServeError('unauthorized', 'This server asks for a token: Authorization: Bearer TOKEN.');
  }
}
