/** @file Region features: TSV files, shard stores, and the batches that the model reads. */

export { type ConvertResult, convertToStore, type StoreConvertOptions } from './convertToStore.js';
export { type ConvertToTsvOptions, convertToTsv } from './convertToTsv.js';
export { batchFromRows, type FeatureBatch, type LabelTensors } from './featureBatch.js';
export { FeatureStore, type GatherOptions, type RegionPlace } from './featureStore.js';
export { type LocatedRow, type Obj36ReadOptions, readFeatureRow, readObj36 } from './obj36Reader.js';
export { formatObj36Row, type LineEnding, writeObj36 } from './obj36Writer.js';
export {
  assertCompatible,
  type CompatibilityOptions,
  compareProvenance,
  type ExpectedFeatures,
  type Provenance,
  type ProvenancedFeatures,
  parseSettings,
  provenanceSchema,
  unknownProvenance,
} from './provenance.js';
export { readRow, type StatedRow } from './readRow.js';
export { BOX_TOLERANCE, type FeatureRow, featureSizeOf, findRowProblem } from './row.js';
export type { Conversion, FeatureDType } from './shardFormat.js';
export type { OpenStoreOptions } from './storeIndex.js';
export { formatStoreInfo, type StoreInfo, storeInfo } from './storeInfo.js';
export {
  type ConversionSettings,
  type ConversionState,
  DEFAULT_SHARD_IMAGES,
  FeatureStoreWriter,
  type RowOrigin,
  type SourceRange,
  type StoreWriterOptions,
} from './storeWriter.js';
export { formatVerifyResult, type StoreProblem, type VerifyResult, verifyStore } from './verifyStore.js';
