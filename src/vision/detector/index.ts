/** @file The bottom-up-attention region detector. */

export {
  BOTTOM_UP_ATTENTION,
  type DetectorArchitecture,
  detectorFeatureSize,
  weightShapes,
} from './architecture.js';
export { allCaffeRegions, selectCaffeRegions } from './caffe/selectCaffeRegions.js';
export type { RegionOutputs, SelectedRegions } from './labelledRegions.js';
export { DetectorNetwork, type NetworkInput, type NetworkOptions } from './network.js';
export type { DetectorPrecision, DetectorWeights } from './networkWeights.js';
export { CAFFE_10_100, CAFFE_36, D2, DETECTOR_PROFILES, type DetectorProfile } from './profiles.js';
export {
  type DetectedRegions,
  type PreparedImage,
  RegionDetector,
  type RegionDetectorOptions,
} from './regionDetector.js';
export { type LoadedDetector, loadDetector } from './weights.js';
