/** @file A run folder as a model that predicts: weights, configuration, vocabulary, answers, and the heads of its task. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { CheckpointFile, imagesPerExampleOf, loadWeights, numAnswersOf } from '../checkpoint/index.js';
import { LxmertError, messageOf, UsageError } from '../common/errors.js';
import type { Question } from '../data/annotations/question.js';
import { AnswerTable } from '../data/answerTable.js';
import type { Provenance } from '../features/provenance.js';
import {
  answerHeadDefinition,
  type HeadDefinition,
  type LxmertConfig,
  type Precision,
  TaskModel,
  useForInference,
} from '../model/index.js';
import { probabilitiesOf } from '../tasks/losses.js';
import type { Predictor } from '../tasks/predict.js';
import { findTask } from '../tasks/registry.js';
import { type HeadActivation, headsOf, type Prediction, type Task } from '../tasks/task.js';
import { DEFAULT_MAX_LENGTH, WordPieceTokenizer } from '../text/index.js';
import { type Device, hasGraphs, ShapeGraphs } from '../torch/index.js';
import { readRunConfig } from '../train/runConfig.js';
import { RUN_FILES } from '../train/runFolder.js';
import { configOfWeights } from './configOfWeights.js';
import { PIXEL_REGIONS, type PixelRegionSettings, pixelProvenance } from './regionFinder.js';

/** Where a model comes from, and what the source does not say itself. */
export interface ModelSource {
  /** A run folder, or a checkpoint file. */
  readonly model: string;
  /** Which weights of a run folder: `BEST` unless it says otherwise. */
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
  /** Whose heads the model has. Without it: the task that its run names, else one head that chooses an answer. */
  readonly task?: Task | undefined;
}

/** The same, where the task is known, and with it the names of the heads. */
export interface TaskModelSource<Head extends string> extends Omit<ModelSource, 'task'> {
  readonly task: Task<Question, Prediction, Head>;
}

/** A model with what it predicts from, and the files its weights came from. */
export type LoadedModel<Head extends string = 'answer'> = Predictor<Head> & {
  readonly weightsFiles: readonly string[];
  readonly pixelRegions: PixelRegionSettings | undefined;
  /** The detector whose features the model was trained on; undefined when the source does not say. */
  readonly trainedOn: Provenance | undefined;
};

/**
 * Loads a model to answer with.
 *
 * @throws as {@link loadModel}; LxmertError for a model whose task has no head that chooses an answer
 */
export async function loadAnsweringModel(source: ModelSource): Promise<LoadedModel> {
  return requireAnswering(await loadModel(source));
}

/** @throws LxmertError for a model that has no head that chooses an answer; its weights end then */
export function requireAnswering(loaded: LoadedModel<string>): LoadedModel {
  if ('answer' in loaded.activations) return loaded as LoadedModel<string> as LoadedModel;
  for (const each of [...loaded.models, ...(loaded.graphs ?? [])]) each.dispose();
  throw new LxmertError(
    `${loaded.weightsFiles[0]} has no answer head, so it cannot answer. Fine-tune it first.`,
  );
}

/**
 * Loads a model with the heads of its task.
 *
 * @throws UsageError when something is missing that has to be named
 * @throws CheckpointError when the weights are not whole
 * @throws LxmertError when vocabulary or answers are not those that the model was trained with
 */
export async function loadModel<Head extends string>(
  source: TaskModelSource<Head>,
): Promise<LoadedModel<Head>>;
export async function loadModel(source: ModelSource): Promise<LoadedModel<string>>;
export async function loadModel(source: ModelSource): Promise<LoadedModel<string>> {
  const configFile = path.join(source.model, RUN_FILES.config);
  const isRun = existsSync(configFile);
  const run = isRun ? await readRunConfig(configFile) : undefined;
  const task = source.task ?? (await findTask(run?.task));
  const weightsFile = isRun ? path.join(source.model, `${source.weights ?? 'BEST'}.pth`) : source.model;
  const { vocabularyFile, answersFile } = filesOf(source, isRun, task);
  const checkpoint = await CheckpointFile.open(weightsFile);
  const answerTable =
    answersFile === undefined
      ? new AnswerTable(fixedAnswers(task) ?? [])
      : await AnswerTable.load(answersFile);
  const heads: HeadDefinition[] =
    task === undefined ? [answerHeadDefinition(answerTable.size)] : headsOf(task, answerTable);
  requireHeads(checkpoint, heads, task, answersFile);
  const { config, vocabulary } = await configOfWeights({
    checkpoint,
    weightsFile,
    vocabularyFile,
    runConfig: run?.model as Partial<LxmertConfig> | undefined,
    numAttentionHeads: source.numAttentionHeads,
  });
  const imagesPerExample =
    numAnswersOf(checkpoint) === undefined ? (task?.imagesPerExample ?? 1) : imagesPerExampleOf(checkpoint);
  const model = new TaskModel(config, heads, imagesPerExample);
  try {
    loadWeights(checkpoint, model.namedParameters(), { require: 'all' });
    useForInference(model, source.precision ?? 'float32', source.device);
  } catch (error) {
    model.dispose();
    throw error;
  }
  const { device = 'cpu' } = source;
  // A bare weights file does not say: what the published models of its kind were trained with.
  const loss = run?.settings.loss ?? (imagesPerExample === 1 ? 'soft' : 'class');
  const activations: Record<string, HeadActivation> = task?.activations(loss) ?? {
    answer: probabilitiesOf(loss),
  };
  const trainedOn = run?.features?.[0]?.provenance;
  const pixelRegions = run?.pixelRegions ?? pixelRegionsOf(trainedOn);
  return {
    models: [model],
    // A question is hundreds of small kernels: starting them one by one takes longer than computing them.
    graphs: device !== 'cpu' && hasGraphs() ? [new ShapeGraphs(device, NOTHING_AROUND)] : undefined,
    activations,
    tokenizer: new WordPieceTokenizer(vocabulary),
    answerTable,
    maxLength: run?.maxLength ?? DEFAULT_MAX_LENGTH,
    weightsFiles: [weightsFile],
    pixelRegions,
    // A run on pictures and no store states no detector; what it saw is known all the same.
    trainedOn: trainedOn ?? (pixelRegions && pixelProvenance({ ...pixelRegions })),
  };
}

/** The answers of a task that fixes them: then no table is looked for. */
function fixedAnswers(task: Task | undefined): readonly string[] | undefined {
  return typeof task?.answers === 'string' ? undefined : task?.answers;
}

/** @throws UsageError for a weights file whose companions are not named */
function filesOf(
  source: ModelSource,
  isRun: boolean,
  task: Task | undefined,
): { readonly vocabularyFile: string; readonly answersFile: string | undefined } {
  const ofRun = (name: string): string | undefined => (isRun ? path.join(source.model, name) : undefined);
  const vocabularyFile = source.vocabulary ?? ofRun(RUN_FILES.vocabulary);
  const isFixed = fixedAnswers(task) !== undefined;
  const answersFile = isFixed ? undefined : (source.answers ?? ofRun(RUN_FILES.answers));
  if (vocabularyFile === undefined || (answersFile === undefined && !isFixed)) {
    const flag = vocabularyFile === undefined ? '--vocab' : '--answers';
    throw new UsageError(
      `'${source.model}' is a weights file, which holds no ${vocabularyFile === undefined ? 'vocabulary' : 'answer table'}: name one with ${flag}, or name a run folder.`,
    );
  }
  return { vocabularyFile, answersFile };
}

/** @throws LxmertError when the file lacks a head, or its answer head is not of the answers' number */
function requireHeads(
  checkpoint: CheckpointFile,
  heads: readonly HeadDefinition[],
  task: Task | undefined,
  answersFile: string | undefined,
): void {
  const ofTask = `Name a model that was fine-tuned for ${task?.title}.`;
  const size = heads.find(({ prefix }) => prefix === 'answer_head')?.size;
  const numAnswers = numAnswersOf(checkpoint);
  if (size !== undefined && numAnswers === undefined) {
    throw new LxmertError(`${checkpoint.path} has no answer head, so it cannot answer. Fine-tune it first.`);
  }
  if (size !== undefined && numAnswers !== size) {
    throw new LxmertError(
      `${checkpoint.path} has a head of ${numAnswers} answers, but ${
        answersFile === undefined
          ? `${task?.title} has ${size}. ${ofTask}`
          : `${answersFile} has ${size}. Name the table that the model was trained with.`
      }`,
    );
  }
  const names = [...checkpoint.entries.keys()];
  const missing = heads.find(({ prefix }) => !names.some((name) => name.startsWith(`${prefix}.`)));
  if (missing === undefined) return;
  throw new LxmertError(
    `${checkpoint.path} has no head called '${missing.prefix}', which ${task?.title} needs. ${ofTask}`,
  );
}

const NOTHING_AROUND = {
  note: () => undefined,
  restore: () => undefined,
  givenUp: (error: unknown) =>
    process.emitWarning(`Answers are computed without graphs of kernels: ${messageOf(error)}`),
};

/** Of a run whose store was made of the sample world's pictures. */
function pixelRegionsOf(provenance: Provenance | undefined): PixelRegionSettings | undefined {
  const numBoxes = provenance?.settings.numBoxes;
  return provenance?.detector === PIXEL_REGIONS && typeof numBoxes === 'number' ? { numBoxes } : undefined;
}
