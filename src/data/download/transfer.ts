/** @file One attempt at one address: asks for what is missing, and appends only what certainly continues the part. */

import path from 'node:path';
import { type Progress, silentProgress } from '../../common/progress.js';
import { type Expected, HEAD_BYTES, looksLikeWebPage } from './checks.js';
import { getHttp, type HttpAnswer } from './httpRequest.js';
import type { PartFile, PartState } from './partFile.js';
import { isTemporaryStatus, retryAfterMs } from './retryAfter.js';
import { TransferError } from './transferError.js';

export interface TransferOptions {
  readonly stallMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Told bytes done and bytes in all (0 when nobody knows). */
  readonly progress?: Progress | undefined;
  /** Sent with each request; credentials among them to the address's own host only. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Told of an answer that refuses for good; an LxmertError that it throws ends the work. */
  readonly onRefused?: ((answer: Pick<HttpAnswer, 'status' | 'headers'>) => void) | undefined;
  /** Throws when so many more bytes do not fit. */
  readonly requireSpace: (numBytes: number) => Promise<void>;
}

/**
 * Asks `url` for what `part` lacks and appends it. When it returns, the part is as long as the file is said to be.
 *
 * The rest is asked for only when the server can tell that it is the rest of the same file: by the validator that
 * came with the bytes at hand, or, from wherever, when the checksum is known and decides in the end. Everything else
 * begins anew.
 *
 * @throws TransferError when this attempt failed; what was appended stays.
 */
export async function transfer(
  url: string,
  part: PartFile,
  expected: Expected,
  options: TransferOptions,
): Promise<void> {
  if (isWhole(part, url, expected)) return;
  const canContinue =
    part.length > 0 && part.length < sizeOf(part, expected) && mayContinue(part, url, expected);
  if (canContinue && (await continueFrom(url, part, expected, options))) return;
  const answer = await getHttp(url, options.headers ?? {}, options);
  try {
    if (answer.status !== 200) throw refusedStatus(answer, options);
    await takeWhole(url, answer, part, expected, options);
  } finally {
    answer.close();
  }
}

/** True when nothing is missing, so that a run stopped right before the end needs no server. */
function isWhole(part: PartFile, url: string, expected: Expected): boolean {
  if (part.length === 0) return false;
  const { state } = part;
  return part.length === expected.size || (state?.url === url && part.length === state.size);
}

function sizeOf(part: PartFile, expected: Expected): number {
  return expected.size ?? part.state?.size ?? Number.POSITIVE_INFINITY;
}

function mayContinue({ state }: PartFile, url: string, expected: Expected): boolean {
  if (state === undefined) return false;
  if (expected.sha256 !== undefined) return true;
  return state.url === url && (state.etag ?? state.lastModified) !== null;
}

/** @returns false when the part must be fetched anew from its first byte; nothing has been appended then. */
async function continueFrom(
  url: string,
  part: PartFile,
  expected: Expected,
  options: TransferOptions,
): Promise<boolean> {
  const state = part.state!;
  const validator = state.url === url ? (state.etag ?? state.lastModified) : null;
  const start = part.length;
  const headers = {
    ...options.headers,
    range: `bytes=${start}-`,
    ...(validator === null ? {} : { 'if-range': validator }),
  };
  const answer = await getHttp(url, headers, options);
  try {
    if (answer.status === 200) {
      // The file changed, or the server knows no ranges: this is the whole of it.
      await takeWhole(url, answer, part, expected, options);
      return true;
    }
    const range = parseContentRange(answer.headers['content-range']);
    if (answer.status === 416) {
      // Whoever says the file is as long as what is here says that nothing is missing; else start over.
      return (
        range?.total === start && (expected.size ?? start) === start && !isOtherVersion(answer, state, url)
      );
    }
    if (answer.status !== 206) throw refusedStatus(answer, options);
    const total = range?.total ?? expected.size ?? state.size ?? undefined;
    const fits =
      range?.start === start &&
      range.end !== undefined &&
      (expected.size ?? state.size ?? total) === total &&
      !isOtherVersion(answer, state, url);
    if (!fits || total === undefined) return false;
    if (answer.contentLength !== undefined && answer.contentLength !== range.end! - start + 1) return false;
    refuseEncodedOrPage(answer, path.basename(part.target));
    await options.requireSpace(total - start);
    await appendBody(answer, part, range.end! + 1, total, options);
    if (part.length < total)
      throw new TransferError('later', `sent ${part.length} of ${total} bytes and then stopped`);
    return true;
  } finally {
    answer.close();
  }
}

function isOtherVersion(answer: HttpAnswer, state: PartState, url: string): boolean {
  if (state.url !== url) return false;
  const etag = strongEtag(answer);
  return etag !== null && state.etag !== null && etag !== state.etag;
}

async function takeWhole(
  url: string,
  answer: HttpAnswer,
  part: PartFile,
  expected: Expected,
  options: TransferOptions,
): Promise<void> {
  refuseEncodedOrPage(answer, path.basename(part.target));
  const { contentLength } = answer;
  if (contentLength !== undefined && expected.size !== undefined && contentLength !== expected.size)
    throw new TransferError('never', `has a file of ${contentLength} bytes instead of ${expected.size}`);
  const total = contentLength ?? expected.size;
  if (total === undefined && answer.endsWithConnection && expected.sha256 === undefined)
    throw new TransferError('never', 'does not say how long the file is, so that a cut would go unseen');
  if (total !== undefined) await options.requireSpace(Math.max(0, total - part.length));
  await part.restart({
    url,
    etag: strongEtag(answer),
    lastModified: answer.headers['last-modified'] ?? null,
    size: total ?? null,
  });
  await appendBody(answer, part, total ?? Number.POSITIVE_INFINITY, total ?? 0, options);
  if (total !== undefined && part.length < total)
    throw new TransferError('later', `sent ${part.length} of ${total} bytes and then stopped`);
}

/** Appends a body. What a server that cannot be trusted sent is thrown away: nothing may build on it. */
async function appendBody(...args: Parameters<typeof appendChunks>): Promise<void> {
  const part = args[1];
  try {
    await appendChunks(...args);
  } catch (error) {
    if (error instanceof TransferError && error.remedy === 'never') await part.discardBytes();
    throw error;
  }
}

/** Appends until the part has `limit` bytes; one more is an error. The first bytes tell a web page. */
async function appendChunks(
  answer: HttpAnswer,
  part: PartFile,
  limit: number,
  total: number,
  { progress = silentProgress }: TransferOptions,
): Promise<void> {
  const isStart = part.length === 0;
  let head: Buffer = Buffer.alloc(0);
  const refusePage = (): void => {
    if (looksLikeWebPage(head)) throw webPage();
  };
  progress.update(part.length, total);
  for await (const chunk of answer.body()) {
    if (part.length + chunk.length > limit)
      throw new TransferError('never', `sent more than the ${limit} bytes that the file should have`);
    await part.append(chunk);
    progress.update(part.length, total);
    if (isStart && head.length < HEAD_BYTES) {
      head = Buffer.concat([head, chunk.subarray(0, HEAD_BYTES)]);
      if (head.length >= HEAD_BYTES) refusePage();
    }
  }
  if (isStart) refusePage();
}

function refuseEncodedOrPage({ headers }: HttpAnswer, name: string): void {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    throw new TransferError('never', `sent the file encoded (${encoding}) although that was not asked for`);
  if (/^\s*(text\/html|application\/xhtml)/i.test(headers['content-type'] ?? '') && !/\.html?$/i.test(name))
    throw webPage();
}

function webPage(): TransferError {
  return new TransferError('never', 'sent a web page (HTML) instead of the file');
}

/** @throws what `onRefused` throws */
function refusedStatus(answer: HttpAnswer, { onRefused }: Pick<TransferOptions, 'onRefused'>): TransferError {
  const { status, statusText, headers } = answer;
  const sentence = `answered ${statusText}`;
  if (isTemporaryStatus(status))
    return new TransferError('later', sentence, retryAfterMs(headers['retry-after'], Date.now()));
  onRefused?.(answer);
  return new TransferError('never', sentence);
}

/** A weak ETag does not promise equal bytes and may not be used for ranges (RFC 9110, 13.1.5). */
function strongEtag({ headers }: HttpAnswer): string | null {
  const { etag } = headers;
  return etag === undefined || etag.startsWith('W/') ? null : etag;
}

/** `bytes 5-9/10` (206) or an asterisk in the place of the range (416), or of a total that is not known. */
export function parseContentRange(
  text: string | undefined,
): { start?: number; end?: number; total?: number } | undefined {
  const match = /^bytes (?:(\d{1,15})-(\d{1,15})|\*)\/(\d{1,15}|\*)$/.exec(text?.trim() ?? '');
  if (match === null) return undefined;
  const [, start, end, total] = match;
  const range = {
    ...(start === undefined ? {} : { start: Number(start), end: Number(end) }),
    ...(total === '*' ? {} : { total: Number(total) }),
  };
  if (range.end !== undefined && (range.end < range.start! || range.end >= (range.total ?? Infinity)))
    return undefined;
  return range;
}
