/** @file The sizes of a model and the rules they keep. */

import { UsageError } from '../common/errors.js';

/** Everything that decides a model's tensors and arithmetic. */
export interface LxmertConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly numAttentionHeads: number;
  /** Width of the feed-forward layers. */
  readonly intermediateSize: number;
  readonly numLanguageLayers: number;
  readonly numVisionLayers: number;
  readonly numCrossLayers: number;
  readonly maxPositionEmbeddings: number;
  readonly typeVocabSize: number;
  /** Numbers per region that the detector gives. */
  readonly visualFeatureSize: number;
  /** Numbers per box: x1, y1, x2, y2 divided by the image's width and height. */
  readonly visualBoxSize: number;
  readonly hiddenDropout: number;
  readonly attentionDropout: number;
  readonly layerNormEps: number;
  /** Standard deviation of the initial weights. */
  readonly initializerRange: number;
}

/** The published model (paper, section 3; 9 language, 5 vision, 5 cross-modality layers). */
export const LXMERT_BASE: LxmertConfig = {
  vocabSize: 30522,
  hiddenSize: 768,
  numAttentionHeads: 12,
  intermediateSize: 3072,
  numLanguageLayers: 9,
  numVisionLayers: 5,
  numCrossLayers: 5,
  maxPositionEmbeddings: 512,
  typeVocabSize: 2,
  visualFeatureSize: 2048,
  visualBoxSize: 4,
  hiddenDropout: 0.1,
  attentionDropout: 0.1,
  layerNormEps: 1e-12,
  initializerRange: 0.02,
};

const COUNTS = [
  'vocabSize',
  'hiddenSize',
  'numAttentionHeads',
  'intermediateSize',
  'maxPositionEmbeddings',
  'typeVocabSize',
  'visualFeatureSize',
  'visualBoxSize',
] as const;
const LAYER_COUNTS = ['numLanguageLayers', 'numVisionLayers', 'numCrossLayers'] as const;
const PROBABILITIES = ['hiddenDropout', 'attentionDropout'] as const;

/**
 * The base configuration with `overrides`, checked.
 *
 * @throws UsageError that names the setting, what it must be and what it was.
 */
export function lxmertConfig(overrides: Partial<LxmertConfig> = {}): LxmertConfig {
  const config = { ...LXMERT_BASE, ...overrides };
  const require = (key: keyof LxmertConfig, holds: boolean, expected: string): void => {
    if (!holds) throw new UsageError(`Model setting ${key} must be ${expected}, but is ${config[key]}.`);
  };
  for (const key of COUNTS) {
    require(key, Number.isInteger(config[key]) && config[key] >= 1, 'a whole number of at least 1');
  }
  for (const key of LAYER_COUNTS) {
    require(key, Number.isInteger(config[key]) && config[key] >= 0, 'a whole number of at least 0');
  }
  for (const key of PROBABILITIES) {
    require(key, config[key] >= 0 && config[key] < 1, 'a probability of at least 0 and below 1');
  }
  require('layerNormEps', config.layerNormEps > 0, 'above 0');
  require('initializerRange', config.initializerRange > 0, 'above 0');
  require('hiddenSize', config.hiddenSize % config.numAttentionHeads ===
    0, `a multiple of the number of attention heads (${config.numAttentionHeads})`);
  return config;
}
