/** @file Region features as files, without tensors: whatever takes them from here starts where there is no libtorch. */

export {
  BOX_FORMATS,
  BOX_UNITS,
  type BoxForm,
  type BoxFormat,
  type BoxUnit,
  describeBoxForm,
  PIXEL_CORNERS,
  toPixelCorners,
} from './boxForms.js';
export { BROKEN_ROWS_FILE } from './brokenRows.js';
export { type ConvertResult, convertToStore, type StoreConvertOptions } from './convertToStore.js';
export { convertToTsv } from './convertToTsv.js';
export {
  type FeatureRange,
  findValueProblem,
  parseFeatureRange,
  RANGE_SETTING,
  rangeOf,
} from './featureValues.js';
export { describeForeignFile, type FeatureSource, sourceKindOf } from './foreignFiles.js';
export { imageIdOf } from './imageId.js';
export { type ImageIdMap, idsByPattern, idsFromQuestions } from './imageIdMap.js';
export { readObj36, scanObj36 } from './obj36Reader.js';
export { writeObj36 } from './obj36Writer.js';
export {
  assertCompatible,
  LABELS_SETTING,
  lacksSizes,
  type Provenance,
  parseSettings,
  provenanceSchema,
} from './provenance.js';
export { readRow, type StatedRow } from './readRow.js';
export {
  type FeatureRow,
  featureSizeOf,
  findBoxProblem,
  findRowProblem,
  MAX_BOXES,
  MAX_IMAGE_SIDE,
} from './row.js';
export { openRowLookup, type RowLookup } from './rowLookup.js';
export type { Shard } from './shardFile.js';
export { type FeatureDType, MAX_FEATURE_SIZE, MAX_SHARD_IMAGES } from './shardFormat.js';
export { readShardRow } from './shardRows.js';
export { openArchivedTable } from './sources/archivedTable.js';
export type { StatedSource } from './sources/indexedRows.js';
export { findFormat, openRowSource } from './sources/openRowSource.js';
export { readPictureSizes } from './sources/pictureSizes.js';
export type { RowSource } from './sources/rowSource.js';
export { openShards } from './storeFiles.js';
export { DEFAULT_SHARD_IMAGES, FeatureStoreWriter } from './storeWriter.js';
export { surveyTsv, type TsvForm } from './tsvForm.js';
export { readTsvProvenance, writeTsvProvenance } from './tsvProvenance.js';
export { unknownProvenance } from './unknownProvenance.js';
export { formatVerifyResult, verifyStore } from './verifyStore.js';
