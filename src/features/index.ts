/** @file Region features: TSV files, shard stores, and the batches that the model reads. */

export {
  BOX_FORMATS,
  BOX_UNITS,
  type BoxForm,
  type BoxFormat,
  type BoxUnit,
  describeBoxForm,
  findOtherForm,
  type PictureBoxes,
  toPixelCorners,
} from './boxForms.js';
export type { BoxReach } from './boxReach.js';
export {
  type ConvertResult,
  convertToStore,
  type LeftOutRow,
  type StoreConvertOptions,
} from './convertToStore.js';
export { type ConvertToTsvOptions, convertToTsv } from './convertToTsv.js';
export { batchFromRows, type FeatureBatch, type LabelTensors } from './featureBatch.js';
export { FeatureStore, type GatherOptions, type RegionPlace } from './featureStore.js';
export type { FeatureRange, ValueSummary } from './featureValues.js';
export { type ImageIdMap, idsByPattern, idsFromQuestions } from './imageIdMap.js';
export { type FeatureLayout, NUMBER_TYPES, type NumberType } from './numberTypes.js';
export {
  type BrokenRow,
  type LocatedRow,
  type Obj36ReadOptions,
  readFeatureRow,
  readObj36,
} from './obj36Reader.js';
export { formatObj36Row, type LineEnding, writeObj36 } from './obj36Writer.js';
export {
  assertCompatible,
  type CompatibilityOptions,
  compareProvenance,
  type ExpectedFeatures,
  labelsOf,
  type Provenance,
  type ProvenancedFeatures,
  parseSettings,
  provenanceSchema,
} from './provenance.js';
export { readRow, type StatedRow } from './readRow.js';
export { BOX_TOLERANCE, type FeatureRow, featureSizeOf, findRowProblem } from './row.js';
export type { Conversion, FeatureDType } from './shardFormat.js';
export type { PictureSize, StatedSource } from './sources/indexedRows.js';
export { openRowSource } from './sources/openRowSource.js';
export type { OwnIds } from './sources/renamedRows.js';
export type { PlacedRow, RowReading, RowSource } from './sources/rowSource.js';
export type { OpenStoreOptions } from './storeIndex.js';
export { formatStoreInfo, type StoreInfo, storeInfo } from './storeInfo.js';
export type { StoreSample } from './storeSample.js';
export {
  type ConversionSettings,
  type ConversionState,
  DEFAULT_SHARD_IMAGES,
  FeatureStoreWriter,
  type RowOrigin,
  type SourceRange,
  type StoreWriterOptions,
} from './storeWriter.js';
export { type LabelKind, OBJ36_COLUMNS, type TsvColumn, type TsvColumns } from './tsvColumns.js';
export { type StatedTable, surveyTsv, type TsvForm, type TsvSurvey } from './tsvForm.js';
export { unknownProvenance } from './unknownProvenance.js';
export { formatVerifyResult, type StoreProblem, type VerifyResult, verifyStore } from './verifyStore.js';
