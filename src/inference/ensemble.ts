/** @file Several models as one that averages their probabilities. */

import { UsageError } from '../common/errors.js';
import type { Predictor } from '../tasks/index.js';
import { type LoadedModel, loadModel, type ModelSource } from './modelFolder.js';

/** Ends the weights of every model. */
export function disposeModels({ models, graphs = [] }: Pick<Predictor, 'models' | 'graphs'>): void {
  for (const recorded of graphs) recorded.dispose();
  for (const model of models) model.dispose();
}

/**
 * Loads models that answer together. They may differ in size and weights, not in what they read and answer.
 *
 * @param files run folders or weights files, at least one
 * @throws UsageError for models that do not share answers, vocabulary, sentence length or number of images
 */
export async function loadEnsemble(
  files: readonly string[],
  source: Omit<ModelSource, 'model'>,
): Promise<LoadedModel<string>> {
  const loaded: LoadedModel<string>[] = [];
  try {
    for (const model of files) loaded.push(await loadModel({ ...source, model }));
    const [first, ...others] = loaded;
    if (first === undefined) throw new UsageError('Name at least one model.');
    for (const other of others) requireAlike(first, other);
    return {
      ...first,
      models: loaded.flatMap(({ models }) => models),
      graphs: first.graphs && loaded.flatMap(({ graphs = [] }) => graphs),
      weightsFiles: loaded.flatMap(({ weightsFiles }) => weightsFiles),
      notes: loaded.flatMap(({ notes }) => notes),
    };
  } catch (error) {
    for (const each of loaded) disposeModels(each);
    throw error;
  }
}

function requireAlike(first: LoadedModel<string>, other: LoadedModel<string>): void {
  const differences: readonly (readonly [string, unknown, unknown])[] = [
    ['answers', first.answerTable.answers.join('\n'), other.answerTable.answers.join('\n')],
    [
      'vocabularies',
      first.tokenizer.vocabulary.entries.join('\n'),
      other.tokenizer.vocabulary.entries.join('\n'),
    ],
    ['sentence lengths', first.maxLength, other.maxLength],
    ['numbers of images', first.models[0]?.imagesPerExample, other.models[0]?.imagesPerExample],
    ['feature sizes', first.models[0]?.config.visualFeatureSize, other.models[0]?.config.visualFeatureSize],
    ['kinds of probability', JSON.stringify(first.activations), JSON.stringify(other.activations)],
  ];
  const [found] = differences.filter(([, a, b]) => a !== b);
  if (found !== undefined) {
    throw new UsageError(
      `${first.weightsFiles.join(', ')} and ${other.weightsFiles.join(', ')} cannot answer together: their ${found[0]} differ.`,
    );
  }
}
