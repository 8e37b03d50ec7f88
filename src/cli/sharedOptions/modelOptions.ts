/** @file Options that commands over models and questions share. */

import { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import { assertCompatible, FeatureStore } from '../../features/index.js';
import { formatCount } from '../../formats/numbers.js';
import type { ReadFeatures } from '../../inference/featureCheck.js';
import type { LoadedModel } from '../../inference/modelFolder.js';
import { ANSWERING_PRECISIONS, type AnsweringPrecision, PRECISIONS } from '../../model/index.js';
import { type Device, requirePrecision } from '../../torch/index.js';
import { existingFile, existingPath, weightsPath } from '../options.js';
import { deviceOf, deviceOptions } from './deviceOptions.js';

/** What computes a model, and in which format. */
export const computeOptions = {
  precision: z
    .enum(PRECISIONS)
    .default('float32')
    .describe('Numbers between layers; bfloat16 is faster where the hardware has it, float16 is for GPUs'),
  ...deviceOptions,
};

/** The same of models that only answer. */
const answeringOptions = {
  ...computeOptions,
  precision: z
    .enum(ANSWERING_PRECISIONS)
    .default('float32')
    .describe(
      'float32; int8: weights in 8 bits, a quarter of the memory and faster; bfloat16 where the hardware has it, float16 on GPUs',
    ),
};

/** A process's device and format, as a model takes them. @throws UsageError when there is no such device or format */
export function computeSettings<P extends AnsweringPrecision>(options: {
  device: string;
  tf32: boolean;
  precision: P;
}): {
  readonly device: Device;
  readonly precision: P;
} {
  const device = deviceOf(options);
  requirePrecision(options.precision, device);
  return { device, precision: options.precision };
}

/** What a weights file does not say of its model. */
export const untoldOptions = {
  attentionHeads: z
    .int()
    .min(1)
    .optional()
    .describe('Attention heads, for a weights file [default: what config.json says, else hidden size / 64]'),
  modelConfig: existingFile()
    .optional()
    .describe('config.json of the model, of Hugging Face or a run [default: the one beside the weights]'),
};

const MODEL_FORMS =
  'Exported folder (lxmert export onnx), run folder, weights file (.pth, .bin, .safetensors; FILE#KEY for one of several in it), or a name on the hub (org/name, org/name@revision); of several the probabilities are averaged';

/** Which model answers. */
export const modelOptions = {
  model: z
    .array(weightsPath())
    .min(1)
    .describe(
      'Run folder, weights file (.pth, .bin, .safetensors; FILE#KEY for one of several in it), or a name on the hub (org/name, org/name@revision); of several the probabilities are averaged',
    ),
  weights: z.enum(['BEST', 'LAST']).default('BEST').describe('Weights of a run folder'),
  vocab: existingFile().optional().describe('Vocabulary file, for a weights file (BERT vocab.txt)'),
  answers: existingFile().optional().describe('Answer table (label2ans JSON), for a weights file'),
  ...untoldOptions,
  ...answeringOptions,
};

/** Models that may be exported folders, in place of the `model` of {@link modelOptions}. */
export const askedModelsOption = z.array(weightsPath()).min(1).describe(MODEL_FORMS);

/** The same, of commands that can do without. */
export const defaultModelOption = z
  .array(weightsPath())
  .default([])
  .describe(`${MODEL_FORMS} [default: the sample world's model]`);

/** Where region features lie. */
export const featureOptions = {
  features: z
    .array(existingPath())
    .min(1)
    .describe('Feature stores of the images (see lxmert features convert)'),
  tiny: z.boolean().default(false).describe('Use the first 512 images of each feature store only'),
  fast: z.boolean().default(false).describe('Use the first 5,000 images of each feature store only'),
};

/** For commands that read features with a model that was trained on some. */
export const otherFeaturesOption = {
  allowOtherFeatures: z
    .boolean()
    .default(false)
    .describe('Go on with features of another detector than the model was trained on'),
};

/**
 * Refuses features of another detector than the model's, and says what could not be compared.
 *
 * @throws LxmertError listing every difference, unless they are allowed
 */
export function checkFeatures(
  store: FeatureStore,
  { featureSize, trainedOn }: ReadFeatures,
  allowMismatch: boolean,
  notice: (line: string) => void,
): void {
  const expected = { featureSize: featureSize ?? store.featureSize, provenance: trainedOn ?? null };
  const options = { allowMismatch, wayOut: 'pass --allow-other-features' };
  for (const warning of assertCompatible(store, expected, options)) notice(warning);
  sayRepeated(store, notice);
}

/** What a model reads, for {@link checkFeatures}. */
export function featuresOf({
  models,
  trainedOn,
}: Pick<LoadedModel<string>, 'models' | 'trainedOn'>): ReadFeatures {
  return { featureSize: models[0]?.config.visualFeatureSize, trainedOn };
}

/** What {@link modelOptions} say of the models besides their files. */
export function modelSource(options: {
  weights: 'BEST' | 'LAST';
  vocab?: string | undefined;
  answers?: string | undefined;
  attentionHeads?: number | undefined;
  modelConfig?: string | undefined;
  precision: AnsweringPrecision;
  device: string;
  tf32: boolean;
}) {
  return {
    weights: options.weights,
    vocabulary: options.vocab,
    answers: options.answers,
    numAttentionHeads: options.attentionHeads,
    modelConfig: options.modelConfig,
    ...computeSettings(options),
  };
}

/** Images that `--tiny` and `--fast` keep of each feature file, as the reference's do. */
const TINY_IMAGES = 512;
const FAST_IMAGES = 5000;

/**
 * Opens the stores that {@link featureOptions} name.
 *
 * @param tinyImages what --tiny keeps of each
 * @throws UsageError for --tiny with --fast
 */
export function openFeatures(
  options: { features: string[]; tiny: boolean; fast: boolean },
  tinyImages = TINY_IMAGES,
): FeatureStore {
  if (options.tiny && options.fast)
    throw new UsageError('--tiny and --fast contradict each other: give one.');
  const max = options.tiny ? tinyImages : options.fast ? FAST_IMAGES : undefined;
  return FeatureStore.open(options.features, max === undefined ? {} : { maxImagesEach: max });
}

/**
 * Refuses stores of several detectors in one run, and says what could not be compared.
 *
 * @throws LxmertError listing every difference, unless they are allowed
 */
export function checkStores(store: FeatureStore, isAllowed: boolean, notice: (line: string) => void): void {
  const mixing = { allowMismatch: isAllowed, wayOut: 'pass --allow-other-features' };
  for (const warning of assertCompatible(store, {}, mixing)) notice(warning);
  sayRepeated(store, notice);
}

/** Stores may overlap, as COCO's parts do; whose features count is said. */
function sayRepeated({ numDuplicates }: FeatureStore, notice: (line: string) => void): void {
  if (numDuplicates > 0)
    notice(
      `${formatCount(numDuplicates, 'image')} of --features ${numDuplicates === 1 ? 'stands' : 'stand'} in more than one store; the features of the first that has them are used.`,
    );
}
