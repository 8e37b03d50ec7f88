/** @file A run folder as a model that answers: weights, configuration, vocabulary, answers. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { CheckpointFile, imagesPerExampleOf, loadWeights, numAnswersOf } from '../checkpoint/index.js';
import { LxmertError, messageOf, UsageError } from '../common/errors.js';
import { AnswerTable } from '../data/answerTable.js';
import { type Provenance, provenanceSchema } from '../features/provenance.js';
import {
  type LxmertConfig,
  type Precision,
  questionAnsweringModel,
  useForInference,
} from '../model/index.js';
import { type AnswerLossName, LOSS_NAMES, probabilitiesOf } from '../tasks/losses.js';
import type { AnsweringModel } from '../tasks/predictAnswers.js';
import { DEFAULT_MAX_LENGTH, WordPieceTokenizer } from '../text/index.js';
import { type Device, hasGraphs, ShapeGraphs } from '../torch/index.js';
import { RUN_FILES } from '../train/runFolder.js';
import { configOfWeights } from './configOfWeights.js';
import { PIXEL_REGIONS, type PixelRegionSettings, pixelProvenance } from './regionFinder.js';

/** Where a model comes from, and what the source does not say itself. */
export interface ModelSource {
  /** A run folder, or a checkpoint file. */
  readonly model: string;
  /** `BEST` or `LAST` of a run folder. */
  readonly weights?: 'BEST' | 'LAST' | undefined;
  /** The vocabulary file; a run folder has its own. */
  readonly vocabulary?: string | undefined;
  /** The answer table (label2ans); a run folder has its own. */
  readonly answers?: string | undefined;
  /** Attention heads: shapes cannot tell them. A run folder says; else hidden size / 64, as every published model. */
  readonly numAttentionHeads?: number | undefined;
  /** What to answer in; float32 unless said otherwise. */
  readonly precision?: Precision | undefined;
  /** Where the model computes; the processor unless it says otherwise. */
  readonly device?: Device | undefined;
  /** The answers of a task that fixes them: then no table is looked for. */
  readonly fixedAnswers?: readonly string[] | undefined;
}

/** The part of a run's config.json that says what the model is. */
const runConfigSchema = z.object({
  model: z.record(z.string(), z.number()),
  maxLength: z.int().min(3),
  settings: z.object({ loss: z.enum(LOSS_NAMES).optional() }).optional(),
  /** Present when the run's regions were made from pixels. */
  pixelRegions: z.object({ numBoxes: z.int().min(1) }).optional(),
  /** The feature stores of the run and the detector behind each. */
  features: z.array(z.object({ path: z.string(), provenance: provenanceSchema })).optional(),
});

/** An answering model and the files its weights came from. */
export type LoadedModel = AnsweringModel & {
  readonly weightsFiles: readonly string[];
  readonly pixelRegions: PixelRegionSettings | undefined;
  /** The detector whose features the model was trained on; undefined when the source does not say. */
  readonly trainedOn: Provenance | undefined;
};

/**
 * Loads a model to answer with.
 *
 * @throws UsageError when something is missing that has to be named
 * @throws CheckpointError when the weights are not whole
 */
export async function loadAnsweringModel(source: ModelSource): Promise<LoadedModel> {
  const configFile = path.join(source.model, RUN_FILES.config);
  const isRun = existsSync(configFile);
  const weightsFile = isRun ? path.join(source.model, `${source.weights ?? 'BEST'}.pth`) : source.model;
  const vocabularyFile =
    source.vocabulary ?? (isRun ? path.join(source.model, RUN_FILES.vocabulary) : undefined);
  const answersFile = source.answers ?? (isRun ? path.join(source.model, RUN_FILES.answers) : undefined);
  if (vocabularyFile === undefined || (answersFile === undefined && source.fixedAnswers === undefined)) {
    const flag = vocabularyFile === undefined ? '--vocab' : '--answers';
    throw new UsageError(
      `'${source.model}' is a weights file, which holds no ${vocabularyFile === undefined ? 'vocabulary' : 'answer table'}: name one with ${flag}, or name a run folder.`,
    );
  }
  const checkpoint = await CheckpointFile.open(weightsFile);
  const answerTable =
    source.fixedAnswers !== undefined || answersFile === undefined
      ? new AnswerTable(source.fixedAnswers ?? [])
      : await AnswerTable.load(answersFile);
  const numAnswers = numAnswersOf(checkpoint);
  if (numAnswers !== answerTable.size) {
    throw new LxmertError(
      numAnswers === undefined
        ? `${weightsFile} has no answer head, so it cannot answer. Fine-tune it first.`
        : `${weightsFile} has a head of ${numAnswers} answers, but ${answersFile ?? 'the task'} has ${answerTable.size}. Name the table that the model was trained with.`,
    );
  }
  const run = isRun ? await readRunConfig(configFile) : undefined;
  const { config, vocabulary } = await configOfWeights({
    checkpoint,
    weightsFile,
    vocabularyFile,
    runConfig: run?.config,
    numAttentionHeads: source.numAttentionHeads,
  });
  const model = questionAnsweringModel(config, answerTable.size, imagesPerExampleOf(checkpoint));
  try {
    loadWeights(checkpoint, model.namedParameters(), { require: 'all' });
    useForInference(model, source.precision ?? 'float32', source.device);
  } catch (error) {
    model.dispose();
    throw error;
  }
  const tokenizer = new WordPieceTokenizer(vocabulary);
  const { device = 'cpu' } = source;
  return {
    models: [model],
    // A question is hundreds of small kernels: starting them one by one takes longer than computing them.
    graphs: device !== 'cpu' && hasGraphs() ? [new ShapeGraphs(device, NOTHING_AROUND)] : undefined,
    // A bare weights file does not say: what the published models of its kind were trained with.
    probabilities: probabilitiesOf(run?.loss ?? (model.imagesPerExample === 1 ? 'soft' : 'class')),
    tokenizer,
    answerTable,
    maxLength: run?.maxLength ?? DEFAULT_MAX_LENGTH,
    weightsFiles: [weightsFile],
    pixelRegions: run?.pixelRegions,
    // A run on pictures and no store states no detector; what it saw is known all the same.
    trainedOn: run?.trainedOn ?? (run?.pixelRegions && pixelProvenance({ ...run.pixelRegions })),
  };
}

const NOTHING_AROUND = {
  note: () => undefined,
  restore: () => undefined,
  givenUp: (error: unknown) =>
    process.emitWarning(`Answers are computed without graphs of kernels: ${messageOf(error)}`),
};

interface RunConfig {
  readonly config: Partial<LxmertConfig>;
  readonly maxLength: number;
  readonly loss: AnswerLossName | undefined;
  readonly pixelRegions: PixelRegionSettings | undefined;
  readonly trainedOn: Provenance | undefined;
}

/** Of a run whose store was made of the sample world's pictures. */
function pixelRegionsOf(provenance: Provenance | undefined): PixelRegionSettings | undefined {
  const numBoxes = provenance?.settings.numBoxes;
  return provenance?.detector === PIXEL_REGIONS && typeof numBoxes === 'number' ? { numBoxes } : undefined;
}

async function readRunConfig(file: string): Promise<RunConfig> {
  try {
    const parsed = runConfigSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    const { model, maxLength, settings, pixelRegions, features } = parsed;
    return {
      config: model as Partial<LxmertConfig>,
      maxLength,
      loss: settings?.loss,
      pixelRegions: pixelRegions ?? pixelRegionsOf(features?.[0]?.provenance),
      trainedOn: features?.[0]?.provenance,
    };
  } catch (error) {
    throw new LxmertError(`${file} is not the configuration of a run: ${messageOf(error)}.`);
  }
}
