/** @file Whether files that were given together belong together: ids, answers, sizes, detectors. */

import type { FileReport } from '../fileReport.js';
import { compareAnswers } from './answers.js';
import type { Fit } from './fit.js';
import { compareImages } from './images.js';
import { provenances } from './provenances.js';
import { compareSizes } from './sizes.js';

export type { Fit } from './fit.js';

/** Every comparison that the files allow. */
export async function compareFiles(reports: readonly FileReport[], signal?: AbortSignal): Promise<Fit[]> {
  return [
    ...compareImages(reports),
    ...compareSizes(reports),
    ...compareAnswers(reports),
    ...(await provenances(reports, signal)),
  ];
}
