/** @file The models of a worker: the first finds the regions of pictures, and all of them answer from what it saw. */

import { loadInTurn } from '../../common/loadInTurn.js';
import type { ModelFacts, NamedModel, WorkerSetup } from './protocol.js';
import type { ServedModel } from './servedModel.js';

export interface LoadedModels {
  readonly models: ReadonlyMap<string, ServedModel>;
  readonly facts: readonly [ModelFacts, ...ModelFacts[]];
}

/**
 * @throws what loading a model throws, and LxmertError for a model that was trained on other regions than the first
 * one's, or than the features at hand
 */
export async function loadModels({
  models: [first, ...others],
  features,
}: WorkerSetup): Promise<LoadedModels> {
  const eyes = await load(first);
  if (features !== undefined) eyes.requireFeatures(features);
  const models = new Map([[first.name, eyes]]);
  const facts: [ModelFacts, ...ModelFacts[]] = [factsOf(first.name, eyes, eyes)];
  for (const named of others) {
    const model = await load(named);
    model.requireFeatures(eyes.regions);
    if (features !== undefined) model.requireFeatures(features);
    models.set(named.name, model);
    facts.push(factsOf(named.name, model, eyes));
  }
  return { models, facts };
}

async function load({ source }: NamedModel): Promise<ServedModel> {
  if ('folders' in source) {
    loadInTurn(new URL('./exportedModel.js', import.meta.url));
    const { ExportedModel } = await import('./exportedModel.js');
    return await ExportedModel.load(source);
  }
  loadInTurn(new URL('./torchModel.js', import.meta.url));
  const { TorchModel } = await import('./torchModel.js');
  return await TorchModel.load(source);
}

function factsOf(name: string, { facts }: ServedModel, { sight }: ServedModel): ModelFacts {
  const { detector = null, isOfSampleWorld = false } = sight ?? {};
  return { name, ...facts, detector, seesPictures: sight !== undefined, isOfSampleWorld };
}
