/** @file The models of a worker: the first finds the regions of pictures, and all of them answer from what it saw. */

import path from 'node:path';
import { EXPLANATION_METHODS } from '../../explain/removal.js';
import { Lxmert } from '../../inference/lxmert.js';
import type { ModelFacts, NamedModel } from './protocol.js';

export interface LoadedModels {
  readonly models: ReadonlyMap<string, Lxmert>;
  readonly facts: readonly [ModelFacts, ...ModelFacts[]];
}

/**
 * @throws what {@link Lxmert.load} throws, and LxmertError for a model that was trained on other regions than the first
 * one's
 */
export async function loadModels([first, ...others]: readonly [
  NamedModel,
  ...NamedModel[],
]): Promise<LoadedModels> {
  // Pictures are kept by the main thread, for all workers.
  const eyes = await Lxmert.load({ ...first.source, numCachedImages: 0 });
  const models = new Map([[first.name, eyes]]);
  const facts: [ModelFacts, ...ModelFacts[]] = [factsOf(first.name, eyes, eyes)];
  for (const { name, source } of others) {
    const lxmert = await Lxmert.load({ ...source, numCachedImages: 0 });
    lxmert.requireFeaturesOf(eyes);
    models.set(name, lxmert);
    facts.push(factsOf(name, lxmert, eyes));
  }
  return { models, facts };
}

function factsOf(name: string, { answering, warnings }: Lxmert, eyes: Lxmert): ModelFacts {
  const { weightsFiles, answerTable, maxLength, models } = answering;
  const { detectorProvenance } = eyes;
  const canExplain = models.length === 1 && (models[0]?.config.numCrossLayers ?? 0) > 0;
  const isOfSampleWorld = detectorProvenance === undefined && eyes.answering.pixelRegions !== undefined;
  return {
    name,
    // Where they lie on this machine is nobody's business.
    weightsFiles: weightsFiles.map((file) =>
      path.join(path.basename(path.dirname(file)), path.basename(file)),
    ),
    numAnswers: answerTable.size,
    maxLength,
    featureSize: models[0]?.config.visualFeatureSize ?? 0,
    detector:
      detectorProvenance === undefined
        ? null
        : { sha256: detectorProvenance.weightsSha256, ...detectorProvenance.settings },
    seesPictures: detectorProvenance !== undefined || isOfSampleWorld,
    isOfSampleWorld,
    canExplain,
    explanationMethods: canExplain ? EXPLANATION_METHODS : ['removal'],
    warnings,
  };
}
