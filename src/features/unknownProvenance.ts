/** @file What stands for the provenance of features of which nothing is known. */

import { programName } from '../common/version.js';
import type { Provenance } from './provenance.js';

/** For features of which nothing is known. */
export const unknownProvenance: Provenance = {
  detector: null,
  weightsSha256: null,
  settings: {},
  source: null,
  createdBy: programName(),
};
