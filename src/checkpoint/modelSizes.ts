/** @file What a checkpoint's shapes say of its model. */

import { encoderShapes, type ModelSizes, requireLxmert } from './architecture.js';
import { CheckpointError } from './checkpointError.js';
import type { CheckpointFile } from './checkpointFile.js';

/** What a model can do, by the heads in its file. */
export type ModelKind = 'pre-training' | 'VQA' | 'GQA' | 'NLVR2' | 'answers' | 'encoder';

/** Every published model has attention heads of this many values (BERT's rule). */
const USUAL_HEAD_SIZE = 64;

/** Heads by the usual size; undefined when it does not divide the hidden size. */
export function usualAttentionHeads(hiddenSize: number): number | undefined {
  return hiddenSize % USUAL_HEAD_SIZE === 0 ? hiddenSize / USUAL_HEAD_SIZE : undefined;
}

/** The number of attention heads of a new model, which may have any: the usual one, or as near to it as can be. */
export function guessedAttentionHeads(hiddenSize: number): number {
  return usualAttentionHeads(hiddenSize) ?? Math.max(1, Math.floor(hiddenSize / USUAL_HEAD_SIZE));
}

/** Answers of the two published tables (docs/how-it-works/reference-implementation.md, "Answers"). */
const VQA_ANSWERS = 3129;
const GQA_ANSWERS = 1842;

/**
 * @throws CheckpointError when the file is not LXMERT's: it says which parts are missing
 */
export function modelSizes(checkpoint: CheckpointFile): ModelSizes {
  requireLxmert(checkpoint.path, [...checkpoint.entries.keys()]);
  const shape = (name: string): readonly number[] => {
    const entry = checkpoint.entries.get(name);
    if (entry !== undefined) return entry.shape;
    throw new CheckpointError(checkpoint.path, `the encoder is not whole: there is no tensor ${name}.`);
  };
  const count = (stack: string): number => {
    const prefix = `bert.encoder.${stack}.`;
    const numbers = [...checkpoint.entries.keys()]
      .filter((name) => name.startsWith(prefix))
      .map((name) => /^\d+(?=\.)/.exec(name.slice(prefix.length))?.[0]);
    return new Set(numbers.filter((number) => number !== undefined)).size;
  };
  const [vocabSize = 0, hiddenSize = 0] = shape('bert.embeddings.word_embeddings.weight');
  const [rows, visualFeatureSize = 0] = shape('bert.encoder.visn_fc.visn_fc.weight');
  if (rows !== hiddenSize && visualFeatureSize === hiddenSize) {
    throw new CheckpointError(
      checkpoint.path,
      `its layers are transposed: the visual features' weight is (${rows}, ${visualFeatureSize}) at a hidden size of ${hiddenSize}. TensorFlow and Flax keep weights as (inputs, outputs); save them as (outputs, inputs), as PyTorch does.`,
    );
  }
  const [, visualBoxSize = 0] = shape('bert.encoder.visn_fc.box_fc.weight');
  const numCrossLayers = count('x_layers');
  const numLanguageLayers = count('layer');
  const numVisionLayers = count('r_layers');
  const intermediate =
    numCrossLayers > 0
      ? 'bert.encoder.x_layers.0.lang_inter.dense.weight'
      : numLanguageLayers > 0
        ? 'bert.encoder.layer.0.intermediate.dense.weight'
        : 'bert.encoder.r_layers.0.intermediate.dense.weight';
  return {
    vocabSize,
    hiddenSize,
    intermediateSize: shape(intermediate)[0] ?? 0,
    numLanguageLayers,
    numVisionLayers,
    numCrossLayers,
    maxPositionEmbeddings: shape('bert.embeddings.position_embeddings.weight')[0] ?? 0,
    typeVocabSize: shape('bert.embeddings.token_type_embeddings.weight')[0] ?? 0,
    visualFeatureSize,
    visualBoxSize,
  };
}

/**
 * The sizes that an LXMERT takes over from a BERT, by the names of its configuration; layers are chosen apart.
 *
 * @throws CheckpointError when the file has no BERT in it
 */
export function bertSizes(
  checkpoint: CheckpointFile,
): Pick<
  ModelSizes,
  'vocabSize' | 'hiddenSize' | 'intermediateSize' | 'maxPositionEmbeddings' | 'typeVocabSize'
> {
  const shape = (name: string): readonly number[] => {
    const entry = checkpoint.entries.get(name);
    if (entry !== undefined) return entry.shape;
    throw new CheckpointError(
      checkpoint.path,
      `these are not the weights of a BERT: there is no tensor ${name}.`,
    );
  };
  const [vocabSize = 0, hiddenSize = 0] = shape('bert.embeddings.word_embeddings.weight');
  return {
    vocabSize,
    hiddenSize,
    intermediateSize: shape('bert.encoder.layer.0.intermediate.dense.weight')[0] ?? 0,
    maxPositionEmbeddings: shape('bert.embeddings.position_embeddings.weight')[0] ?? 0,
    typeVocabSize: shape('bert.embeddings.token_type_embeddings.weight')[0] ?? 0,
  };
}

/** The number of answers of the file's answer head; undefined without one. */
export function numAnswersOf(checkpoint: CheckpointFile): number | undefined {
  return checkpoint.entries.get('answer_head.logit_fc.3.weight')?.shape[0];
}

/** The classes of the file's region head; undefined without one. */
export function regionClassesOf(
  checkpoint: CheckpointFile,
): { readonly numObjects: number; readonly numAttributes: number } | undefined {
  const rows = (name: string): number | undefined =>
    checkpoint.entries.get(`obj_predict_head.decoder_dict.${name}.weight`)?.shape[0];
  const numObjects = rows('obj');
  const numAttributes = rows('attr');
  return numObjects === undefined || numAttributes === undefined ? undefined : { numObjects, numAttributes };
}

/** The number of images that the file's answer head reads the pooled vectors of; 1 without a head. */
export function imagesPerExampleOf(checkpoint: CheckpointFile): number {
  const [height = 0, width = 0] = checkpoint.entries.get('answer_head.logit_fc.0.weight')?.shape ?? [];
  // The head's first layer is 2H high.
  return height === 0 ? 1 : Math.max(1, Math.round((2 * width) / height));
}

/** What the heads in the file are for. */
export function modelKind(checkpoint: CheckpointFile): ModelKind {
  for (const name of checkpoint.entries.keys()) {
    if (name.startsWith('cls.') || name.startsWith('obj_predict_head.')) return 'pre-training';
  }
  const numAnswers = numAnswersOf(checkpoint);
  if (numAnswers === undefined) return 'encoder';
  if (numAnswers === VQA_ANSWERS) return 'VQA';
  if (numAnswers === GQA_ANSWERS) return 'GQA';
  const [rows, columns] = checkpoint.entries.get('answer_head.logit_fc.0.weight')?.shape ?? [];
  return numAnswers === 2 && rows === columns ? 'NLVR2' : 'answers';
}

/**
 * Names of encoder tensors that are absent or of a shape that the others contradict.
 *
 * @throws CheckpointError when the file is not LXMERT's
 */
export function missingEncoderTensors(checkpoint: CheckpointFile): string[] {
  return [...encoderShapes(modelSizes(checkpoint))]
    .filter(([name, shape]) => checkpoint.entries.get(name)?.shape.join() !== shape.join())
    .map(([name]) => name);
}
