/** @file What an exported model's manifest says, and whether a folder holds the export of the same model. */

import { createHash } from 'node:crypto';
import { UsageError } from '../common/errors.js';
import { version } from '../common/version.js';
import type { LoadedModel } from '../inference/modelFolder.js';
import { type GraphOutput, MANIFEST_FORMAT, MANIFEST_VERSION, type ModelManifest } from '../runtime/index.js';
import type { ExportFolder } from './exportFolder.js';
import { bytesOf } from './layerWriter.js';
import { outputOfHead } from './lxmertGraph.js';
import { MODEL_FILES, modelOf } from './modelFiles.js';

/** Everything but what is known only once the weights are written. */
export type ModelFacts = Omit<ModelManifest, 'weights' | 'files'>;

/** Everything of the manifest but the weights and the files. */
export function manifestOf(
  loaded: LoadedModel<string>,
  outputs: readonly GraphOutput[],
  names: readonly string[],
  previous: ModelManifest | undefined,
): ModelFacts {
  const { config, imagesPerExample } = modelOf(loaded);
  const { answerability } = loaded.activations;
  const has = (name: string): string | null => (names.includes(name) ? name : null);
  return {
    format: MANIFEST_FORMAT,
    version: MANIFEST_VERSION,
    createdBy: `lxmert ${version()}`,
    kind: 'model',
    task: loaded.task ?? null,
    imagesPerExample: imagesPerExample === 1 ? 1 : 2,
    heads: {
      answers: outputs.includes('answers')
        ? {
            output: outputOfHead({ name: 'answer' }),
            num: loaded.answerTable.size,
            probabilities: loaded.activations.answer ?? 'softmax',
            table: MODEL_FILES.answers,
          }
        : null,
      matching: outputs.includes('matching') ? { output: outputOfHead({ name: 'match' }) } : null,
      ...(answerability === undefined || !outputs.includes('answers')
        ? {}
        : {
            answerability: {
              output: outputOfHead({ name: 'answerability' }),
              probabilities: answerability,
            },
          }),
    },
    outputs: [...outputs],
    text: {
      vocabulary: MODEL_FILES.vocabulary,
      maxLength: loaded.maxLength,
      lowerCase: loaded.tokenizer.lowerCase,
    },
    model: {
      visualFeatureSize: config.visualFeatureSize,
      hiddenSize: config.hiddenSize,
      numAttentionHeads: config.numAttentionHeads,
      numLanguageLayers: config.numLanguageLayers,
      numVisionLayers: config.numVisionLayers,
      numCrossLayers: config.numCrossLayers,
    },
    regions: {
      pixelRegions: loaded.pixelRegions ?? null,
      provenance: loaded.trainedOn ?? null,
      objects: has(MODEL_FILES.objects) ?? previous?.regions.objects ?? null,
      attributes: has(MODEL_FILES.attributes) ?? previous?.regions.attributes ?? null,
    },
    description: previous?.description ?? null,
    parametersSha256: parametersSha256(loaded),
  };
}

/** Of the weights' names and values, whatever file they came from. */
function parametersSha256(loaded: LoadedModel<string>): string {
  const hash = createHash('sha256');
  for (const [name, tensor] of modelOf(loaded).namedParameters()) {
    hash.update(name);
    hash.update(bytesOf(() => tensor, 'float32'));
  }
  return hash.digest('hex');
}

/** What an earlier export of a model left. */
export function previousOf({ manifest }: ExportFolder): ModelManifest | undefined {
  return manifest?.kind === 'model' ? manifest : undefined;
}

/** @throws UsageError for a folder that holds something else than another precision of this model */
export function requireSameModel(folder: ExportFolder, facts: ModelFacts): void {
  const { manifest } = folder;
  if (manifest === undefined) return;
  const wayOut = 'Name another folder with --out.';
  if (manifest.kind !== 'model') {
    throw new UsageError(`'${folder.path}' holds an exported detector. ${wayOut}`);
  }
  if (manifest.parametersSha256 !== facts.parametersSha256) {
    throw new UsageError(
      `'${folder.path}' holds the export of another model, and its tokenizer and answers would not fit both. ${wayOut}`,
    );
  }
  if ([...manifest.outputs].sort().join() !== [...facts.outputs].sort().join()) {
    throw new UsageError(
      `'${folder.path}' has the outputs ${manifest.outputs.join(', ')}, which all its precisions share; --outputs says ${facts.outputs.join(', ')}. ${wayOut}`,
    );
  }
}
