/** @file Writing obj36 TSV files: the very bytes of the published files for the same values. */

import { withAtomicFile } from '../common/atomicFile.js';
import { LxmertError } from '../common/errors.js';
import { type FeatureRow, findRowProblem } from './row.js';

/** The published files end their lines with `\r\n`. */
export type LineEnding = '\n' | '\r\n';

/**
 * One row as a line: decimal sizes, base64 of little-endian int64 and float32 arrays, tabs between.
 *
 * @throws LxmertError naming the image when the row breaks a rule (see `findRowProblem`).
 */
export function formatObj36Row(row: FeatureRow, lineEnding: LineEnding = '\r\n'): Buffer {
  const problem = findRowProblem(row);
  if (problem !== undefined)
    throw new LxmertError(`The features of image ${row.imageId} cannot be written: ${problem}`);
  const head = `${row.imageId}\t${row.height}\t${row.width}`;
  const labels = [row.objectsId, row.objectsConf, row.attrsId, row.attrsConf].map(bytesOf);
  const [boxes, features] = [bytesOf(row.boxes), bytesOf(row.features)];
  const numBase64 = [...labels, boxes, features].reduce((sum, bytes) => sum + base64Length(bytes), 0);
  // Six columns in base64 and num_boxes follow the head, each after a tab.
  const line = Buffer.allocUnsafe(
    Buffer.byteLength(head) + numBase64 + 7 + String(row.numBoxes).length + lineEnding.length,
  );
  let at = line.write(head);
  for (const bytes of labels) at = writeBase64(line, line.writeUInt8(TAB, at), bytes);
  at += line.write(`\t${row.numBoxes}`, at);
  for (const bytes of [boxes, features]) at = writeBase64(line, line.writeUInt8(TAB, at), bytes);
  line.write(lineEnding, at);
  return line;
}

/**
 * Writes rows to a new file, which appears under its name only when it is whole.
 *
 * @returns the number of rows.
 */
export async function writeObj36(
  file: string,
  rows: Iterable<FeatureRow> | AsyncIterable<FeatureRow>,
  lineEnding: LineEnding = '\r\n',
): Promise<number> {
  return await withAtomicFile(file, async ({ handle }) => {
    let numRows = 0;
    for await (const row of rows) {
      await handle.writeFile(formatObj36Row(row, lineEnding));
      numRows++;
    }
    return numRows;
  });
}

const TAB = 0x09;
/** Bytes encoded at once, a multiple of 3: V8 makes short strings faster than one of 393,216 characters. */
const BASE64_CHUNK = 24_576;

function base64Length(bytes: Buffer): number {
  return Math.ceil(bytes.length / 3) * 4;
}

/** @returns the position after what was written. */
function writeBase64(line: Buffer, at: number, bytes: Buffer): number {
  let end = at;
  for (let from = 0; from < bytes.length; from += BASE64_CHUNK)
    end += line.write(bytes.toString('base64', from, from + BASE64_CHUNK), end, 'latin1');
  return end;
}

function bytesOf(array: BigInt64Array | Float32Array): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}
