/** @file What the room knows of rows, boxes and provenance that runs anywhere: neither tensors nor Node.js are needed. */

export {
  assertCompatible,
  labelsOf,
  type Provenance,
  type ProvenancedFeatures,
  provenanceSchema,
} from './provenance.js';
export { featureArray, normalisedBoxes, regionMask } from './regionArrays.js';
export { type FeatureRow, featureSizeOf, findBoxProblem } from './row.js';
