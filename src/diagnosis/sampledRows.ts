/** @file A few rows of a file of region features of any size: from its beginning, its middle and its end. */

import { type FileHandle, open } from 'node:fs/promises';
import { messageOf } from '../common/errors.js';
import { type FeatureRow, readObj36 } from '../features/files.js';

/** A smaller file is read whole. */
const WHOLE_BYTES = 24 * 1024 * 1024;
const ROWS_AT_BEGINNING = 8;
/** Places between beginning and end. */
const PLACES = [0.25, 0.5, 0.75];
/** How far the next line is looked for. */
const MAX_LINE_BYTES = 8 * 1024 * 1024;

export interface SampledRows {
  readonly rows: readonly FeatureRow[];
  readonly problems: readonly string[];
  /** Whether these are all rows. */
  readonly isAll: boolean;
  /** Rows that a file of this size has when all are like these; exact when they are all. */
  readonly numEstimated: number;
}

/** Reads rows as conversion does, so that what it would refuse is found. */
export async function sampleRows(file: string, numBytes: number): Promise<SampledRows> {
  const isSmall = numBytes <= WHOLE_BYTES;
  const rows: FeatureRow[] = [];
  const problems: string[] = [];
  let sampledBytes = 0;
  const read = async (start: number, maxImages: number, isAtLine: boolean): Promise<void> => {
    try {
      for await (const { row, start: from, end } of readObj36(file, { start, maxImages })) {
        rows.push(row);
        sampledBytes += end - from;
      }
    } catch (error) {
      // Lines are not counted where reading starts in the middle.
      const message = messageOf(error);
      problems.push(isAtLine ? message : message.replace(/, line \d+/, `, behind byte ${start}`));
    }
  };
  await read(0, isSmall ? Number.POSITIVE_INFINITY : ROWS_AT_BEGINNING, true);
  if (isSmall || rows.length === 0) {
    return { rows, problems, isAll: isSmall && problems.length === 0, numEstimated: rows.length };
  }
  const handle = await open(file);
  try {
    for (const place of PLACES) {
      const start = await nextLine(handle, Math.floor(place * numBytes), numBytes);
      if (start !== undefined) await read(start, 1, false);
    }
    const last = await lastLine(handle, numBytes);
    if (last !== undefined) await read(last, 1, false);
  } finally {
    await handle.close();
  }
  const numEstimated = Math.round(numBytes / (sampledBytes / rows.length));
  return { rows, problems, isAll: false, numEstimated };
}

async function nextLine(handle: FileHandle, from: number, numBytes: number): Promise<number | undefined> {
  const buffer = Buffer.alloc(1 << 20);
  for (let at = from; at < Math.min(numBytes, from + MAX_LINE_BYTES); ) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) return undefined;
    const newline = buffer.subarray(0, bytesRead).indexOf(0x0a);
    if (newline >= 0 && at + newline + 1 < numBytes) return at + newline + 1;
    at += bytesRead;
  }
  return undefined;
}

async function lastLine(handle: FileHandle, numBytes: number): Promise<number | undefined> {
  const length = Math.min(MAX_LINE_BYTES, numBytes);
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await handle.read(buffer, 0, length, numBytes - length);
  const newline = buffer.subarray(0, bytesRead).lastIndexOf(0x0a, bytesRead - 2);
  return newline < 0 ? undefined : numBytes - length + newline + 1;
}
