/** @file The head of masked object prediction: what a region shows, how it looks, and its detector features. */

import type { LxmertConfig } from '../config.js';
import { Linear } from '../layers/linear.js';
import { Module } from '../module.js';
import { PredictionTransform } from './predictionTransform.js';

/** Three linear layers on one transform of a region: object classes, attribute classes, and features (F). */
export class RegionHead extends Module {
  readonly transform: PredictionTransform;
  readonly objects: Linear;
  readonly attributes: Linear;
  readonly features: Linear;

  /**
   * @param numObjects classes of the detector; 1,600 in the published model
   * @param numAttributes likewise; 400
   */
  constructor(config: LxmertConfig, numObjects: number, numAttributes: number) {
    super();
    const { hiddenSize, visualFeatureSize, initializerRange: std } = config;
    this.transform = this.child('transform', new PredictionTransform(config));
    this.objects = this.child('decoder_dict.obj', new Linear(hiddenSize, numObjects, std));
    this.attributes = this.child('decoder_dict.attr', new Linear(hiddenSize, numAttributes, std));
    this.features = this.child('decoder_dict.feat', new Linear(hiddenSize, visualFeatureSize, std));
  }
}
