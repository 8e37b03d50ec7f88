/** @file SHA-256 in a browser, with its own means where the page has them. */

/// <reference lib="dom" />

import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/**
 * Pages that came over plain HTTP from another machine have no `crypto.subtle`; there a library computes it.
 *
 * @returns 64 hexadecimal digits
 */
export async function sha256Of(bytes: Uint8Array): Promise<string> {
  const subtle = (globalThis.crypto as Partial<Crypto> | undefined)?.subtle;
  if (subtle === undefined) return bytesToHex(sha256(bytes));
  return bytesToHex(new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)));
}
