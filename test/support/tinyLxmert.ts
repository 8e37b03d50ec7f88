/** @file A small answering model with random weights, and a small detector, as files. */

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { saveCheckpoint } from '../../src/checkpoint/index.js';
import type { Provenance } from '../../src/features/provenance.js';
import {
  type LxmertConfig,
  lxmertConfig,
  type QuestionAnsweringModel,
  questionAnsweringModel,
} from '../../src/model/index.js';
import { noGrad } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import { manualSeed } from '../../src/torch/random.js';
import type { DetectorArchitecture } from '../../src/vision/detector/architecture.js';
import { caffeDetector, listLayers, randomBlobs, TINY_DETECTOR } from './detectorFiles.js';

/** Features of 7 values. */
export const SMALL_DETECTOR: DetectorArchitecture = {
  ...TINY_DETECTOR,
  imageStages: [
    { name: 'res2', blocks: ['a'], middleChannels: 3, outputChannels: 6, stride: 1, dilation: 1 },
    { name: 'res3', blocks: ['a'], middleChannels: 2, outputChannels: 5, stride: 2, dilation: 1 },
    { name: 'res4', blocks: ['a'], middleChannels: 2, outputChannels: 5, stride: 2, dilation: 1 },
  ],
};

export const WORDS = [
  '[PAD]',
  '[UNK]',
  '[CLS]',
  '[SEP]',
  '[MASK]',
  'what',
  'color',
  'is',
  'the',
  'cat',
  '?',
  '##s',
];
export const ANSWERS = ['black', 'white', 'no', 'yes', '<b>bold</b>'];

/** Writes a .caffemodel whose boxes stay near their anchors. */
export function writeSmallDetector(file: string, seed = 3): void {
  const layers = listLayers(SMALL_DETECTOR);
  const blobs = randomBlobs(layers, seed);
  const scaled = (name: string, factor: number): void => {
    blobs.set(
      name,
      (blobs.get(name) as Float32Array).map((value) => value * factor),
    );
  };
  scaled('rpn_bbox_pred/0', 0);
  scaled('rpn_bbox_pred/1', 0.1);
  // So that features differ between regions by more than their size.
  const last = blobs.get('res5a_branch2c/0') as Float32Array;
  last.forEach((value, i) => {
    last[i] = (value - 1) / 100;
  });
  writeFileSync(file, caffeDetector(layers, blobs));
}

export interface SmallModelOptions {
  readonly featureSize?: number;
  readonly imagesPerExample?: number;
  /** Written into the run's configuration. */
  readonly trainedOn?: Provenance;
  readonly pixelRegions?: { readonly numBoxes: number };
  /** Of the weights. Default 5. */
  readonly seed?: number;
}

/** One language layer, one vision layer, two cross-modality layers of width 16, for {@link WORDS}. */
export function tinyConfig(settings: Partial<LxmertConfig> = {}): LxmertConfig {
  return lxmertConfig({
    vocabSize: WORDS.length,
    hiddenSize: 16,
    numAttentionHeads: 2,
    intermediateSize: 24,
    numLanguageLayers: 1,
    numVisionLayers: 1,
    numCrossLayers: 2,
    visualFeatureSize: 7,
    maxPositionEmbeddings: 20,
    initializerRange: 0.5,
    ...settings,
  });
}

/**
 * A model with random weights that looks trained: as drawn, all biases are 0, and whoever loads such a model is told that it
 * was never trained.
 */
export function drawModel(
  config: LxmertConfig,
  numAnswers: number,
  { imagesPerExample = 1, seed }: { readonly imagesPerExample?: number; readonly seed: number },
): QuestionAnsweringModel {
  manualSeed(seed);
  const model = questionAnsweringModel(config, numAnswers, imagesPerExample);
  noGrad(() => {
    for (const [name, parameter] of model.namedParameters()) {
      if (name.endsWith('LayerNorm.bias') || name.endsWith('logit_fc.2.bias')) ops.fill_(parameter, 0.01);
    }
  });
  return model;
}

/** Writes a run folder with weights, vocabulary and answers. */
export async function writeSmallRun(folder: string, options: SmallModelOptions = {}): Promise<void> {
  const { featureSize = 7, imagesPerExample = 1, trainedOn, pixelRegions, seed = 5 } = options;
  mkdirSync(folder, { recursive: true });
  const config = tinyConfig({ visualFeatureSize: featureSize });
  using model = drawModel(config, ANSWERS.length, { imagesPerExample, seed });
  await saveCheckpoint(path.join(folder, 'BEST.pth'), model.namedParameters(), 'reference-finetuned');
  writeFileSync(path.join(folder, 'vocab.txt'), `${WORDS.join('\n')}\n`);
  writeFileSync(path.join(folder, 'trainval_label2ans.json'), JSON.stringify(ANSWERS));
  writeFileSync(
    path.join(folder, 'config.json'),
    JSON.stringify({
      model: config,
      maxLength: 20,
      ...(pixelRegions === undefined ? {} : { pixelRegions }),
      ...(trainedOn === undefined ? {} : { features: [{ path: 'store', provenance: trainedOn }] }),
    }),
  );
}
