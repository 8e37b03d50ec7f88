/**
 * @file How often the region that counts most for an answer is the object that was asked about: the pointing game of
 * Zhang et al. (ECCV 2016), on scenes of the sample world, where it is known what every question is about.
 */

import { programName } from '../common/version.js';
import { intersectionOverUnion, MIN_OVERLAP } from '../data/sampleWorld/labelRegions.js';
import { renderScene } from '../data/sampleWorld/renderScene.js';
import type { SampleSplit, SceneSource } from '../data/sampleWorld/sceneSource.js';
import { imageRegionsFrom } from '../inference/imageRegions.js';
import type { LoadedModel } from '../inference/modelFolder.js';
import { type PixelRegionSettings, pixelFinder } from '../inference/regionFinder.js';
import { LabelNames } from '../vision/detector/labelNames.js';
import { rowOfMap } from './attentionMap.js';
import { type ExplainedLayer, explanationOf } from './explanation.js';

export interface PointingResult {
  /** Questions about one object whose answer was right and whose object is among the regions. */
  readonly numQuestions: number;
  /** Share whose most relevant region is the object. */
  readonly relevance: number;
  /** The same for the region that [CLS] attends to most in the last cross-modality layer, over all heads. */
  readonly attention: number;
  /** The same for the region without which the answer loses most of its probability. */
  readonly removal: number;
  /** What a region taken at random would give. */
  readonly chance: number;
}

/** Plays the game on the first `numScenes` scenes of a split. */
export function pointingGame(
  answering: LoadedModel,
  regions: PixelRegionSettings,
  scenes: SceneSource,
  split: SampleSplit,
  numScenes: number,
): PointingResult {
  const finder = pixelFinder(regions, programName());
  const names = new LabelNames([], []);
  const found = { numQuestions: 0, relevance: 0, attention: 0, removal: 0, chance: 0 };
  for (let i = 0; i < Math.min(numScenes, scenes.numImages[split]); i++) {
    const { scene, questions } = scenes.asked(split, i);
    const row = finder.find(renderScene(scene), scene.imageId);
    const imageRegions = imageRegionsFrom(row, { hasLabels: false, names, provenance: finder.provenance });
    for (const { sentence, labels, about } of questions) {
      if (about === undefined) continue;
      const isObject = imageRegions.regions.map(
        ({ box: { x1, y1, x2, y2 } }) => intersectionOverUnion([x1, y1, x2, y2], about.box) >= MIN_OVERLAP,
      );
      if (!isObject.includes(true)) continue;
      const explanation = explanationOf(answering, imageRegions, sentence, 1);
      if (explanation.answers[0]?.answer !== labels[0]?.[0]) continue;
      found.numQuestions++;
      found.chance += isObject.filter(Boolean).length / isObject.length;
      if (isObject[largest(explanation.relevance[0]?.regions ?? [])]) found.relevance++;
      const lastMap = (explanation.layers.at(-1) as ExplainedLayer).wordsOnRegions;
      if (isObject[largest(rowOfMap(lastMap, 0))]) found.attention++;
      const { removal } = explanationOf(answering, imageRegions, sentence, 1, 'removal');
      const losses = removal?.regions.map((without) => -(without?.changes[0] ?? 0)) ?? [];
      if (isObject[largest(losses)]) found.removal++;
    }
  }
  const { numQuestions } = found;
  const share = (count: number): number => (numQuestions === 0 ? 0 : count / numQuestions);
  return {
    numQuestions,
    relevance: share(found.relevance),
    attention: share(found.attention),
    removal: share(found.removal),
    chance: share(found.chance),
  };
}

function largest(values: readonly number[]): number {
  return values.indexOf(Math.max(...values));
}
