/** @file `lxmert/features`: region features in files and stores, and the detector that makes them of pictures. */

export type { Progress } from '../common/progress.js';
export type { RgbImage } from '../common/rgbImage.js';
export * from '../extraction/index.js';
export * from '../features/index.js';
export { readRow, type StatedRow } from '../features/readRow.js';
export { decodeImage } from '../vision/decodeImage.js';
export {
  BOTTOM_UP_ATTENTION,
  DETECTOR_PROFILES,
  type DetectedRegions,
  type DetectorArchitecture,
  type DetectorPrecision,
  type DetectorProfile,
  type PreparedImage,
  RegionDetector,
  type RegionDetectorOptions,
  type SelectedRegions,
} from '../vision/detector/index.js';
export { type ImageFile, listImageFiles } from '../vision/imageFiles.js';
