/** @file Region features of many pictures. */

export { compareRows, type DescriptionAgreement, type ImageAgreement } from './agreement.js';
export { extractFeatures } from './extract.js';
export { GivenBoxes } from './givenBoxes.js';
export type { Detector, ExtractionOptions, ExtractionResult, SkippedImage } from './settings.js';
export { type Verification, verifyFeatures } from './verify.js';
