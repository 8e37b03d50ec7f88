/** @file Is this the file that was asked for? Size, checksum, and whether its bytes look like its name. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { hasErrorCode, LxmertError, messageOf, UsageError } from '../../common/errors.js';
import { sha256OfFile } from '../../formats/hashes/sha256.js';
import { listZipMembers } from '../../formats/zip/zipMembers.js';

/** What is known of a file beforehand. */
export interface Expected {
  readonly size?: number | undefined;
  readonly sha256?: string | undefined;
  /** Git's name of the content (SHA-1 of a blob), which says more than a size and less than a SHA-256. */
  readonly gitBlob?: string | undefined;
}

/** How sure it is that a file is the one published. */
export type Checked = 'sha256' | 'size' | 'form';

/** The strongest check that `expected` allows. */
export function checkedBy(expected: Expected): Checked {
  if (expected.sha256 !== undefined) return 'sha256';
  return expected.size === undefined ? 'form' : 'size';
}

/** Bytes of the file at `target`; `undefined` when nothing is there. @throws UsageError for anything but a file. */
export async function existingSize(target: string): Promise<number | undefined> {
  try {
    const found = await stat(target);
    if (!found.isFile()) throw new UsageError(`${target} is in the way: it is not a file.`);
    return found.size;
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/**
 * Compares a file that is already there with what is known of it.
 *
 * @returns a phrase that ends a sentence about the file ("has 5 bytes instead of 7"), or `undefined` when it fits.
 */
export async function findFileProblem(
  file: string,
  name: string,
  expected: Expected,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { size } = await stat(file);
  if (expected.size !== undefined && size !== expected.size)
    return `has ${size} bytes instead of ${expected.size}`;
  if (expected.sha256 === undefined) return await findFormProblem(file, name);
  const sha256 = await sha256OfFile(file, signal);
  return sha256 === expected.sha256
    ? undefined
    : `has the SHA-256 checksum ${sha256} instead of ${expected.sha256}`;
}

/** Git's name of a file's content: the SHA-1 of a header with its length, and of the bytes, in hexadecimal. */
export async function gitBlobOfFile(file: string, size: number): Promise<string> {
  const hash = createHash('sha1').update(`blob ${size}\0`);
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Bytes at the start that tell a web page from data. */
export const HEAD_BYTES = 512;

/** True for the beginning of a web page: what servers send, with a cheerful 200, instead of a file they lost. */
export function looksLikeWebPage(head: Buffer): boolean {
  const text = head.subarray(0, HEAD_BYTES).toString('latin1');
  return /^(\xef\xbb\xbf)?\s*(<!--[^>]*-->\s*)*<(!doctype\s+html|html|head|body|title|script|\?xml[^>]*>\s*<!doctype\s+html)\b/i.test(
    text,
  );
}

/**
 * For files of which neither size nor checksum is known: does the end look like an end? A zip archive has its
 * directory there and JSON a closing bracket, so a cut file is recognized all the same.
 */
export async function findFormProblem(file: string, name: string): Promise<string | undefined> {
  const { head, tail, size } = await readEnds(file);
  if (size === 0) return 'is empty';
  if (looksLikeWebPage(head)) return 'is a web page, not the file';
  if (/\.json$/i.test(name)) {
    if (!/^\s*[[{]/.test(head.toString('latin1'))) return 'does not begin as JSON does';
    if (!/[\]}]\s*$/.test(tail.toString('latin1'))) return 'ends in the middle of its JSON';
  }
  if (/\.zip$/i.test(name)) {
    try {
      await listZipMembers(file);
    } catch (error) {
      if (!(error instanceof LxmertError)) throw error;
      return `is not a whole zip archive (${messageOf(error)})`;
    }
  }
  return undefined;
}

async function readEnds(file: string): Promise<{ head: Buffer; tail: Buffer; size: number }> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const length = Math.min(HEAD_BYTES, size);
    const [head, tail] = [Buffer.alloc(length), Buffer.alloc(length)];
    await handle.read(head, 0, length, 0);
    await handle.read(tail, 0, length, size - length);
    return { head, tail, size };
  } finally {
    await handle.close();
  }
}
