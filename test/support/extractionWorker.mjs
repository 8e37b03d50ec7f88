/** @file A process that takes part in an extraction: settings as JSON in its first word, its result as JSON on stdout. */

import { extractFeatures } from '../../dist/src/extraction/extract.js';
import { processShare } from '../../dist/src/train/distributed/environment.js';
import { listImageFiles } from '../../dist/src/vision/imageFiles.js';
import { plainRegions } from './plainRegions.mjs';

const { sources, out, detector, blockSize } = JSON.parse(process.argv[2]);
const controller = new AbortController();
process.once('SIGTERM', () => controller.abort());
const share = processShare();
const result = await extractFeatures({
  images: (await listImageFiles(sources)).images,
  detector: plainRegions(detector),
  out,
  blockSize,
  signal: controller.signal,
  ...(share === undefined ? {} : { share }),
});
process.stdout.write(JSON.stringify(result));
