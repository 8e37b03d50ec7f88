/** @file Where a redirect may lead: http and https only, never from https down to http, and not for ever. */

import { TransferError } from './transferError.js';

/** Redirects followed for one request; published files need one or two. */
const MAX_REDIRECTS = 5;

/** @throws TransferError unless the address is one of http or https without a name and password in it. */
export function checkAddress(url: URL): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new TransferError('never', `has the scheme ${url.protocol}, and only http and https are used`);
  if (url.username !== '' || url.password !== '')
    throw new TransferError('never', 'carries a name or password, which are not sent');
}

/**
 * The address that a redirect at `from` leads to.
 *
 * @param numFollowed redirects followed before this one.
 * @throws TransferError when it leads nowhere, to another scheme, from https to http, or is one too many.
 */
export function nextAddress(from: URL, location: string | undefined, numFollowed: number): URL {
  if (numFollowed >= MAX_REDIRECTS)
    throw new TransferError('never', `redirects more than ${MAX_REDIRECTS} times`);
  if (location === undefined || !URL.canParse(location, from.href))
    throw new TransferError('never', `redirects to ${location === undefined ? 'nowhere' : `'${location}'`}`);
  const next = new URL(location, from.href);
  checkAddress(next);
  if (from.protocol === 'https:' && next.protocol === 'http:')
    throw new TransferError('never', `redirects from https to ${next.href}, which is not encrypted`);
  return next;
}
