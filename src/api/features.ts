/** @file `lxmert/features`: region features in files and stores, and the detector that makes them of pictures. */

export type { Progress } from '../common/progress.js';
export type { RgbImage } from '../common/rgbImage.js';
export type { ExtractedRegions, RegionExtractor } from '../data/regionExtractor.js';
export * from '../extraction/index.js';
export * from '../features/index.js';
export type { ByteCursor, ByteSource } from '../formats/lines/byteSource.js';
export { decodeImage } from '../vision/decodeImage.js';
export {
  type AnchorSettings,
  BOTTOM_UP_ATTENTION,
  type CaffeProfile,
  type ChannelMeans,
  DETECTOR_PROFILES,
  type DetectedRegions,
  type DetectorArchitecture,
  type DetectorFacts,
  type DetectorFamily,
  type DetectorInput,
  type DetectorPrecision,
  type DetectorProfile,
  type DetectorReport,
  type Detectron2Profile,
  type MisfitTensor,
  type PreparedImage,
  type PreprocessRule,
  RegionDetector,
  type RegionDetectorOptions,
  type SelectedRegions,
  type StageArchitecture,
  weightShapes,
} from '../vision/detector/index.js';
export {
  type ImageFile,
  type ImageListing,
  listImageFiles,
  type UnreadablePicture,
} from '../vision/imageFiles.js';
export { DEFAULT_MAX_BYTES, DEFAULT_MAX_PIXELS, type DecodeOptions } from '../vision/pictureFile.js';
export { type PixelExtractor, type PixelExtractorOptions, pixelExtractor } from '../vision/pixelExtractor.js';
