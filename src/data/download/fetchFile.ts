/** @file One file from the first of its addresses that gives it: attempts, waits, mirrors, and the checks at the end. */

import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LxmertError } from '../../common/errors.js';
import type { Progress } from '../../common/progress.js';
import { type Checked, checkedBy, type Expected, findFormProblem, gitBlobOfFile } from './checks.js';
import { requireSpace } from './diskSpace.js';
import { PartFile } from './partFile.js';
import { growingWaitMs, MAX_WAIT_MS } from './retryAfter.js';
import { type TransferOptions, transfer } from './transfer.js';
import { asTransferError, TransferError } from './transferError.js';

export interface FetchOptions extends Pick<TransferOptions, 'headers' | 'onRefused'> {
  /** How messages call the file. Default: the name of the target. */
  readonly name?: string | undefined;
  /** What a person can do when no address gives it, as a sentence. */
  readonly wayOut?: string | undefined;
  /** What names another folder, for a full disk. Default `--output`. */
  readonly otherFolder?: string | undefined;
  /** Attempts at one address in a row that bring nothing new before the next is tried. Default 5. */
  readonly numAttempts?: number | undefined;
  /** Milliseconds without a byte after which a connection is given up. Default 60,000. */
  readonly stallMs?: number | undefined;
  /** Milliseconds to wait after the first failed attempt; doubles each time. Default 1,000. */
  readonly firstWaitMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told bytes done and bytes in all (0 when nobody knows). */
  readonly progress?: Progress | undefined;
  /** Told of each failed attempt, as a sentence. */
  readonly notice?: ((line: string) => void) | undefined;
  /** Free bytes on the disk of a folder; for tests. */
  readonly freeBytes?: ((folder: string) => Promise<number>) | undefined;
}

export interface FetchedFile {
  readonly numBytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
  readonly checked: Checked;
}

export const DEFAULT_NUM_ATTEMPTS = 5;
export const DEFAULT_STALL_MS = 60_000;
export const DEFAULT_FIRST_WAIT_MS = 1000;

/**
 * Fetches a file to `target` over http or https, going on where an earlier run stopped. Bytes gather in
 * `<target>.part`; the target appears when length, checksum (when known) and form are right, or not at all.
 *
 * @param urls tried in this order.
 * @throws LxmertError listing what each address answered; the signal's reason when aborted, with the part kept.
 */
export async function fetchFile(
  urls: readonly string[],
  target: string,
  expected: Expected,
  options: FetchOptions = {},
): Promise<FetchedFile> {
  const { name = path.basename(target) } = options;
  const part = await PartFile.open(target, { signal: options.signal, name: options.name });
  const answers: string[] = [];
  try {
    for (const url of urls) {
      const failure = await fetchFrom(url, part, expected, options);
      if (failure === undefined) {
        const result = { numBytes: part.length, sha256: part.sha256(), checked: checkedBy(expected) };
        await part.finish();
        return result;
      }
      answers.push(`${url} ${failure}.`);
    }
  } finally {
    await part.close();
  }
  const kept = part.length > 0 ? ` The ${part.length} bytes at hand are kept for the next try.` : '';
  throw new LxmertError(
    `${name} could not be downloaded.${kept} ${answers.join(' ')} ${
      options.wayOut ??
      `If the addresses are out of date, fetch the file elsewhere and put it at ${target}, or name a mirror (--mirror).`
    }`,
  );
}

/** @returns how the last attempt failed, or `undefined` when the part is whole and right. */
async function fetchFrom(
  url: string,
  part: PartFile,
  expected: Expected,
  options: FetchOptions,
): Promise<string | undefined> {
  const { numAttempts = DEFAULT_NUM_ATTEMPTS, firstWaitMs = DEFAULT_FIRST_WAIT_MS, signal } = options;
  let furthest = part.length;
  let beganAnew = part.length === 0;
  const { name = path.basename(part.target) } = options;
  for (let numFailures = 0; ; ) {
    let failure: TransferError;
    try {
      await attempt(url, part, expected, options);
      const problem = await findProblem(part, expected);
      if (problem === undefined) return undefined;
      await part.discardBytes();
      failure = new TransferError(beganAnew ? 'never' : 'later', problem);
      // Bytes of an earlier run or another mirror may be to blame: once more from the first byte.
      if (!beganAnew) {
        beganAnew = true;
        furthest = 0;
        options.notice?.(`${name}: ${url} ${problem}; starting over.`);
        continue;
      }
    } catch (error) {
      failure = failureOf(error, signal);
    }
    if (part.length > furthest) numFailures = 0;
    furthest = Math.max(furthest, part.length);
    numFailures++;
    const text = failure.message + (numFailures > 1 ? ` (${numFailures} attempts)` : '');
    if (failure.remedy === 'never' || numFailures >= numAttempts) return text;
    const waitMs = failure.waitMs ?? growingWaitMs(numFailures, firstWaitMs);
    if (waitMs > MAX_WAIT_MS) return `${text} and asks to wait for ${Math.round(waitMs / 1000)} seconds`;
    options.notice?.(`${name}: ${url} ${failure.message}; trying again in ${waitMs / 1000} s.`);
    await sleep(waitMs, undefined, signal === undefined ? {} : { signal });
  }
}

function attempt(url: string, part: PartFile, expected: Expected, options: FetchOptions): Promise<void> {
  const { stallMs = DEFAULT_STALL_MS, signal, progress, freeBytes, headers, onRefused } = options;
  const { name = path.basename(part.target), otherFolder } = options;
  return transfer(url, part, expected, {
    headers,
    onRefused,
    stallMs,
    signal,
    progress,
    requireSpace: (numBytes) =>
      requireSpace(path.dirname(part.target), numBytes, name, freeBytes, otherFolder),
  });
}

/** Failures of the connection may pass; a full disk, a lock or an interrupt end the work. */
function failureOf(error: unknown, signal: AbortSignal | undefined): TransferError {
  if (signal?.aborted === true) throw signal.reason;
  if (error instanceof LxmertError) throw error;
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    throw new LxmertError(
      'The disk is full. Make room and run the same command again: it goes on where it stopped.',
      {
        cause: error,
      },
    );
  const isFile = syscall !== undefined && ['open', 'write', 'ftruncate', 'rename', 'fsync'].includes(syscall);
  const isNetwork = error instanceof TransferError || (code !== undefined && !isFile);
  if (!isNetwork) throw error;
  return asTransferError(error);
}

/** What is wrong with a part that has all its bytes. */
async function findProblem(part: PartFile, expected: Expected): Promise<string | undefined> {
  if (expected.size !== undefined && part.length !== expected.size)
    return `gave ${part.length} bytes instead of ${expected.size}`;
  if (expected.gitBlob !== undefined) {
    const found = await gitBlobOfFile(part.path, part.length);
    return found === expected.gitBlob
      ? undefined
      : `gave a file with Git's checksum ${found} instead of ${expected.gitBlob}; it was thrown away`;
  }
  if (expected.sha256 === undefined) {
    const problem = await findFormProblem(part.path, path.basename(part.target));
    return problem === undefined ? undefined : `gave a file that ${problem}`;
  }
  const sha256 = part.sha256();
  return sha256 === expected.sha256
    ? undefined
    : `gave a file with the SHA-256 checksum ${sha256} instead of ${expected.sha256}; it was thrown away`;
}
