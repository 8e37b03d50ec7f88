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
export function formatObj36Row(row: FeatureRow, lineEnding: LineEnding = '\r\n'): string {
  const problem = findRowProblem(row);
  if (problem !== undefined)
    throw new LxmertError(`The features of image ${row.imageId} cannot be written: ${problem}`);
  const fields = [
    row.imageId,
    String(row.height),
    String(row.width),
    base64(row.objectsId),
    base64(row.objectsConf),
    base64(row.attrsId),
    base64(row.attrsConf),
    String(row.numBoxes),
    base64(row.boxes),
    base64(row.features),
  ];
  return fields.join('\t') + lineEnding;
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
    let pending: string[] = [];
    for await (const row of rows) {
      pending.push(formatObj36Row(row, lineEnding));
      numRows++;
      // Eight real rows are 3 MB: few enough to hold, many enough to make the system calls cheap.
      if (pending.length === 8) {
        await handle.writeFile(pending.join(''));
        pending = [];
      }
    }
    await handle.writeFile(pending.join(''));
    return numRows;
  });
}

function base64(array: BigInt64Array | Float32Array): string {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64');
}
