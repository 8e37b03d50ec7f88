/** @file Options that all training shares: the model, its schedule, the run's snapshots. */

import { z } from 'zod';
import {
  CheckpointFile,
  type GivenSettings,
  guessedAttentionHeads,
  modelSettings,
} from '../../checkpoint/index.js';
import { UsageError } from '../../common/errors.js';
import type { FeatureStore } from '../../features/index.js';
import { LXMERT_BASE, type LxmertConfig, lxmertConfig } from '../../model/index.js';
import { DEFAULT_MAX_LENGTH, type Vocabulary } from '../../text/index.js';
import { hasGraphs } from '../../torch/index.js';
import {
  DEFAULT_SETTINGS,
  type DeviceSettings,
  OPTIMIZER_NAMES,
  SCHEDULE_NAMES,
  type TrainingSettings,
} from '../../train/index.js';
import { computeOptions, computeSettings, untoldOptions } from './modelOptions.js';

export const architectureOptions = {
  languageLayers: z
    .int()
    .min(0)
    .default(LXMERT_BASE.numLanguageLayers)
    .describe('Language layers, from scratch'),
  visionLayers: z.int().min(0).default(LXMERT_BASE.numVisionLayers).describe('Vision layers, from scratch'),
  crossLayers: z
    .int()
    .min(0)
    .default(LXMERT_BASE.numCrossLayers)
    .describe('Cross-modality layers, from scratch'),
  hiddenSize: z
    .int()
    .min(4)
    .default(LXMERT_BASE.hiddenSize)
    .describe('Width of the model, in values of a hidden state, from scratch'),
  ...untoldOptions,
  attentionHeads: z
    .int()
    .min(1)
    .optional()
    .describe('Attention heads [default: what the config.json of the weights says, else hidden size / 64]'),
  initializerRange: z
    .number()
    .gt(0)
    .default(LXMERT_BASE.initializerRange)
    .describe('Standard deviation of weights that are drawn')
    .meta({ valueName: 'DEVIATION' }),
  dropout: z
    .number()
    .min(0)
    .lt(1)
    .optional()
    .describe(
      `Dropout probability [default: what the config.json of the weights says, else ${LXMERT_BASE.hiddenDropout}]`,
    )
    .meta({ valueName: 'PROBABILITY' }),
};

/** What differs between fine-tuning and pre-training. */
export interface ScheduleDefaults {
  /** What is trained on, for the help: "examples". */
  readonly noun: string;
  readonly batchSize: number;
  readonly numEpochs: number;
  readonly learningRate: number;
  readonly warmupRatio: number;
  readonly clipNorm: number;
}

export function scheduleOptions({ noun, ...defaults }: ScheduleDefaults) {
  return {
    batchSize: z
      .int()
      .min(1)
      .default(defaults.batchSize)
      .describe('Examples in a training step, in all processes together'),
    epochs: z.int().min(1).default(defaults.numEpochs).describe(`Passes over the training ${noun}`),
    learningRate: z
      .number()
      .gt(0)
      .default(defaults.learningRate)
      .describe('Peak learning rate')
      .meta({ valueName: 'RATE' }),
    warmupRatio: z
      .number()
      .gt(0)
      .lt(1)
      .default(defaults.warmupRatio)
      .describe('Share of the steps with a rising rate, 0 to 1')
      .meta({ valueName: 'SHARE' }),
    optimizer: z
      .enum(OPTIMIZER_NAMES)
      .default(DEFAULT_SETTINGS.optimizer)
      .describe("bertadam: the reference's; adamw: PyTorch's, with bias correction"),
    schedule: z
      .enum(SCHEDULE_NAMES)
      .default(DEFAULT_SETTINGS.schedule)
      .describe('The learning rate after the warm-up: falls linearly, stays, or falls as half a cosine'),
    weightDecay: z
      .number()
      .min(0)
      .default(DEFAULT_SETTINGS.weightDecay)
      .describe('Decoupled weight decay, of all parameters')
      .meta({ valueName: 'RATE' }),
    clipNorm: z
      .number()
      .gt(0)
      .default(defaults.clipNorm)
      .describe('Largest global norm of the gradients')
      .meta({ valueName: 'NORM' }),
    maxLength: z
      .int()
      .min(3)
      .max(512)
      .default(DEFAULT_MAX_LENGTH)
      .describe('Word pieces of a sentence, at most'),
    ...computeOptions,
    cudaGraphs: z
      .boolean()
      .default(true)
      .describe('Do not start the kernels of a step as one graph, which a GPU does where the build can'),
  };
}

/** What {@link scheduleOptions} say, as a run takes it. */
export function scheduleSettings(
  options: z.output<z.ZodObject<ReturnType<typeof scheduleOptions>>> & {
    readonly accumulationSteps: number;
    readonly seed: number;
  },
): TrainingSettings {
  return {
    batchSize: options.batchSize,
    accumulationSteps: options.accumulationSteps,
    numEpochs: options.epochs,
    learningRate: options.learningRate,
    warmupRatio: options.warmupRatio,
    optimizer: options.optimizer,
    schedule: options.schedule,
    weightDecay: options.weightDecay,
    clipNorm: options.clipNorm,
    seed: options.seed,
    precision: options.precision,
    maxLength: options.maxLength,
  };
}

/** Which device {@link scheduleOptions} say, as a run takes it. @throws UsageError when it is not there */
export function deviceSettings(
  options: Pick<
    z.output<z.ZodObject<ReturnType<typeof scheduleOptions>>>,
    'device' | 'tf32' | 'precision' | 'cudaGraphs'
  >,
): DeviceSettings {
  const { device } = computeSettings(options);
  return {
    device,
    allowTf32: options.tf32,
    useGraphs: options.cudaGraphs && device !== 'cpu' && hasGraphs(),
  };
}

export const snapshotOptions = {
  resume: z.boolean().default(false).describe('Go on from the newest snapshot in --output, if there is one'),
  snapshotSteps: z.int().min(1).default(1000).describe('Steps between two snapshots'),
  keepSnapshots: z.int().min(1).default(2).describe('Snapshots that are kept'),
};

/** What {@link snapshotOptions} say, as a run takes it. */
export function snapshotSettings(options: z.output<z.ZodObject<typeof snapshotOptions>>) {
  return { everySteps: options.snapshotSteps, numKept: options.keepSnapshots, resume: options.resume };
}

/** What the flags say of weights that they do not say themselves. */
export function givenSettings(options: {
  attentionHeads?: number | undefined;
  modelConfig?: string | undefined;
}): GivenSettings {
  return { numAttentionHeads: options.attentionHeads, configFile: options.modelConfig };
}

/**
 * The model's sizes: those of the weights and of the config.json beside them, or what the flags say.
 *
 * @param weights a whole model's; undefined from scratch
 * @param notice gets sentences on what was assumed of the weights
 * @param given sizes that come from elsewhere, such as a BERT's
 * @throws UsageError when vocabulary or features do not fit, or a config.json contradicts the weights
 */
export async function configOf(
  options: z.output<z.ZodObject<typeof architectureOptions>> & { readonly maxLength: number },
  weights: string | undefined,
  vocabulary: Vocabulary,
  store: FeatureStore,
  notice: (line: string) => void,
  given: Partial<LxmertConfig> = {},
): Promise<LxmertConfig> {
  const known =
    weights === undefined
      ? undefined
      : await modelSettings(await CheckpointFile.open(weights), givenSettings(options));
  for (const note of known?.notes ?? []) notice(note);
  const sizes = known?.config ?? sizesFromScratch(options, vocabulary, store, given);
  const dropout = options.dropout;
  const config = lxmertConfig({
    ...sizes,
    initializerRange: options.initializerRange,
    ...(dropout === undefined ? {} : { hiddenDropout: dropout, attentionDropout: dropout }),
  });
  if (config.vocabSize !== vocabulary.size || config.visualFeatureSize !== store.featureSize) {
    throw new UsageError(
      `The weights are for ${config.vocabSize} word pieces and features of ${config.visualFeatureSize} values, but the vocabulary has ${vocabulary.size} and the features have ${store.featureSize}.`,
    );
  }
  if (options.maxLength > config.maxPositionEmbeddings) {
    throw new UsageError(
      `--max-length is ${options.maxLength}, but the weights have positions for ${config.maxPositionEmbeddings} word pieces. Give at most that.`,
    );
  }
  return config;
}

function sizesFromScratch(
  options: z.output<z.ZodObject<typeof architectureOptions>>,
  vocabulary: Vocabulary,
  store: FeatureStore,
  given: Partial<LxmertConfig>,
): Partial<LxmertConfig> {
  const hiddenSize = given.hiddenSize ?? options.hiddenSize;
  return {
    vocabSize: vocabulary.size,
    intermediateSize: 4 * hiddenSize,
    numLanguageLayers: options.languageLayers,
    numVisionLayers: options.visionLayers,
    numCrossLayers: options.crossLayers,
    visualFeatureSize: store.featureSize,
    ...given,
    hiddenSize,
    numAttentionHeads: options.attentionHeads ?? given.numAttentionHeads ?? guessedAttentionHeads(hiddenSize),
  };
}
