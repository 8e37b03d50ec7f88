/** @file Region features of many pictures. */

export {
  compareRows,
  type Description,
  type DescriptionAgreement,
  type ImageAgreement,
  LEAST_FOUND,
  MOST_FEATURE_ERROR,
  SAME_BOX,
} from './agreement.js';
export { checkGivenBoxes, type StatedForm } from './checkBoxes.js';
export type { PictureFile } from './contentHash.js';
export type { DescribedPicture, SkippedPicture } from './describedPicture.js';
export { extractFeatures } from './extract.js';
export { GivenBoxes, type StatedBoxes } from './givenBoxes.js';
export type { PixelSettings } from './pixelRegions.js';
export { PixelWorkers } from './pixelWorkers.js';
export type {
  Detector,
  ExtractionOptions,
  ExtractionResult,
  PictureDescriber,
  SkippedImage,
} from './settings.js';
export { type Verification, type VerificationOptions, verifyFeatures } from './verify.js';
