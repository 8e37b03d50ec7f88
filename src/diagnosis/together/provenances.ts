/** @file Whether features were made by the detector whose weights were given with them. */

import { statSync } from 'node:fs';
import { sha256OfFile } from '../../formats/hashes/sha256.js';
import type { FileReport } from '../fileReport.js';
import type { Fit } from './fit.js';

/** The largest detector known has 0.3 GB; a hash of more would take long. */
const MAX_HASHED_BYTES = 2e9;

export async function provenances(reports: readonly FileReport[], signal?: AbortSignal): Promise<Fit[]> {
  const stated = reports.filter(({ traits }) => traits.detectorSha256 !== undefined);
  if (stated.length === 0) return [];
  const fits: Fit[] = [];
  for (const detector of reports.filter(({ traits }) => traits.isDetector)) {
    if (statSync(detector.path).size > MAX_HASHED_BYTES) continue;
    const sha256 = await sha256OfFile(detector.path, signal);
    for (const features of stated) {
      const isSame = features.traits.detectorSha256 === sha256;
      fits.push({
        files: [features.path, detector.path],
        fits: isSame,
        finding: isSame
          ? `${features.path} was made with ${detector.path}.`
          : `${features.path} was made with other weights than ${detector.path}: it states SHA-256 ${features.traits.detectorSha256}, the file has ${sha256}.`,
      });
    }
  }
  return fits;
}
