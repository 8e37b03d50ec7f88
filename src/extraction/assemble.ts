/** @file The last step of an extraction: all rows, in order, into the output. */

import type { Claim } from '../common/claim.js';
import { LxmertError } from '../common/errors.js';
import { silentProgress } from '../common/progress.js';
import type { FeatureRow } from '../features/files.js';
import { KnownRows } from './knownRows.js';
import type { Output } from './output.js';
import type { ExtractionOptions, ExtractionResult } from './settings.js';
import type { WorkFolder } from './workFolder.js';

/**
 * Rows of the earlier output in their order, then those of the list in its order. Where there is nothing new, the
 * output is left as it is. The job's folder goes.
 *
 * @throws LxmertError when there is no row at all
 */
export async function assemble(
  options: ExtractionOptions,
  output: Output,
  work: WorkFolder,
  claim: Claim,
): Promise<Pick<ExtractionResult, 'numImages' | 'numShort' | 'skipped'>> {
  const { images, assemblyProgress = silentProgress, signal } = options;
  const earlier = await output.keptRows();
  const known = await KnownRows.read(earlier, await work.logs());
  const order = new Set([...earlier.map(({ imageId }) => imageId), ...images.map(({ id }) => id)]);
  const rows = [...order].flatMap((id) => known.get(id) ?? []);
  const skipped = known.skippedAmong(images);
  if (rows.length === 0) {
    await work.remove();
    const [first] = skipped;
    throw new LxmertError(
      `No image gave features${first === undefined ? '.' : `. The first: ${first.reason}`}`,
    );
  }
  const least = options.boxes === undefined ? options.detector.profile.minBoxes : 0;
  let numShort = 0;
  async function* inOrder(): AsyncGenerator<{ row: FeatureRow; contentHash: string }> {
    for (const [i, { read, contentHash }] of rows.entries()) {
      signal?.throwIfAborted();
      const row = await read();
      if (row.numBoxes < least) numShort++;
      yield { row, contentHash };
      assemblyProgress.update(i + 1, rows.length);
      await claim.renew();
    }
  }
  if (known.hasNew) await output.replace(inOrder(), work.assembly);
  await work.remove();
  return { numImages: rows.length, numShort: known.hasNew ? numShort : null, skipped };
}
