/** @file The bottom-up-attention region detector. */

export {
  type AnchorSettings,
  BOTTOM_UP_ATTENTION,
  type DetectorArchitecture,
  detectorFeatureSize,
  type StageArchitecture,
  weightShapes,
} from './architecture.js';
export { allCaffeRegions, selectCaffeRegions } from './caffe/selectCaffeRegions.js';
export type { DetectedRegions, PreparedImage } from './detectionRules.js';
export type { RegionOutputs, SelectedRegions } from './labelledRegions.js';
export { DetectorNetwork, type NetworkInput, type NetworkOptions } from './network.js';
export type { DetectorPrecision, DetectorWeights } from './networkWeights.js';
export type { DetectorInput } from './preprocess.js';
export type { ChannelMeans, PreprocessRule } from './preprocessRule.js';
export {
  CAFFE_10_100,
  CAFFE_36,
  type CaffeProfile,
  D2,
  DETECTOR_PROFILES,
  type DetectorProfile,
  type Detectron2Profile,
} from './profiles.js';
export { RegionDetector, type RegionDetectorOptions } from './regionDetector.js';
export { type LoadedDetector, loadDetector } from './weights.js';
export type { DetectorFacts, DetectorFamily } from './weightsFamily.js';
export type { DetectorReport, MisfitTensor } from './weightsReport.js';
