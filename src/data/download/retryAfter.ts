/** @file Which answers may pass, and how long to wait before the next attempt: what the server asked for, or longer each time. */

/** The longest wait between two attempts, and the longest that a server may ask for. */
export const MAX_WAIT_MS = 5 * 60_000;

/** Whether another attempt may be answered otherwise: 408 and 425 ask to try again, 429 and 503 may say when. */
export function isTemporaryStatus(status: number): boolean {
  return status >= 500 || [408, 425, 429].includes(status);
}

/**
 * The header `Retry-After` in milliseconds: a number of seconds or a date.
 *
 * @returns `undefined` when the header is absent or says neither.
 */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\s*\d{1,9}\s*$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Doubles with each failed attempt (from 1), up to {@link MAX_WAIT_MS}. */
export function growingWaitMs(numFailures: number, firstWaitMs: number): number {
  return Math.min(MAX_WAIT_MS, firstWaitMs * 2 ** (numFailures - 1));
}
