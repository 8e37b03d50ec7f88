/** @file A run folder as a model that predicts: weights, configuration, vocabulary, answers, and the heads of its task. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import {
  CheckpointFile,
  imagesPerExampleOf,
  missingAnswerHead,
  modelSizes,
  numAnswersOf,
  splitWeightsPath,
} from '../checkpoint/index.js';
import { LxmertError, messageOf, UsageError } from '../common/errors.js';
import { programName } from '../common/version.js';
import type { Question } from '../data/annotations/question.js';
import { AnswerTable } from '../data/answerTable.js';
import { loadAnswerTable } from '../data/answerTableFiles.js';
import type { Provenance } from '../features/index.js';
import {
  type AnsweringPrecision,
  type HeadDefinition,
  type LxmertConfig,
  TaskModel,
} from '../model/index.js';
import { findTask, headsOf, type Prediction, type Predictor, type Task } from '../tasks/index.js';
import { DEFAULT_MAX_LENGTH, WordPieceTokenizer } from '../text/index.js';
import { type Device, hasGraphs, ShapeGraphs } from '../torch/index.js';
import { RUN_FILES } from '../train/runFolder.js';
import { companionsOf, fixedAnswers } from './companions.js';
import { configOfWeights } from './configOfWeights.js';
import { activationsOf, headsOfFile, noMatchingHead, requireHeads } from './headsOfFile.js';
import { modelOfWeights } from './modelOfWeights.js';
import { findModel } from './modelPlace.js';
import { PIXEL_REGIONS, type PixelRegionSettings, pixelFinder } from './regionFinder.js';

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
  /** Attention heads: shapes cannot tell them. A config.json beside the weights says; else hidden size / 64, as every published model. */
  readonly numAttentionHeads?: number | undefined;
  /** A config.json of Hugging Face or of a run, in place of the one beside the weights. */
  readonly modelConfig?: string | undefined;
  /** What to answer in; float32 unless said otherwise. */
  readonly precision?: AnsweringPrecision | undefined;
  /** Where the model computes; the processor unless it says otherwise. */
  readonly device?: Device | undefined;
  /** Gets a line for a person about a file whose form is not a documented one. */
  readonly say?: ((line: string) => void) | undefined;
  /**
   * Whose heads the model has. Without it: the task that its run names; else those of the file that are known, which
   * are the answer head where the answers are named too, and the matching head of pre-training.
   */
  readonly task?: Task | undefined;
  /** The encoder alone, whatever heads the file has: then no answers have to be named. Default false. */
  readonly withoutHeads?: boolean | undefined;
}

/** The same, where the task is known, and with it the names of the heads. */
export interface TaskModelSource<Head extends string> extends Omit<ModelSource, 'task'> {
  readonly task: Task<Question, Prediction, Head>;
}

/** A model with what it predicts from, and the files its weights came from. */
export type LoadedModel<Head extends string = 'answer'> = Predictor<Head> & {
  readonly weightsFiles: readonly string[];
  readonly pixelRegions: PixelRegionSettings | undefined;
  /** Its run was a quickstart's, on drawn scenes: of other pictures from pixels its store speaks. */
  readonly isOfSampleWorld: boolean;
  /** The detector whose features the model was trained on; undefined when the source does not say. */
  readonly trainedOn: Provenance | undefined;
  /** What a person should know of how its weights were read, as sentences. */
  readonly notes: readonly string[];
  /** The name of its task; undefined for a weights file of no run. */
  readonly task: string | undefined;
  /** Of a file without an answer head: why, and the way on, as the end of a sentence that begins with the file. */
  readonly whyNoAnswers: string | undefined;
  /** Its file has an answer head, which was left out because nothing says what its answers are. */
  readonly hasUnnamedAnswers: boolean;
};

/**
 * Loads a model to answer with.
 *
 * @throws as {@link loadModel} and `requireAnswering`
 */
export async function loadAnsweringModel(source: ModelSource): Promise<LoadedModel> {
  const loaded = await loadModel(source);
  try {
    return requireAnswering(loaded);
  } catch (error) {
    for (const each of [...loaded.models, ...(loaded.graphs ?? [])]) each.dispose();
    throw error;
  }
}

/**
 * @throws UsageError for a model whose answers have to be named
 * @throws LxmertError for a model that has no head that chooses an answer
 */
export function requireAnswering(loaded: LoadedModel<string>): LoadedModel {
  if ('answer' in loaded.activations) return loaded as LoadedModel<string> as LoadedModel;
  const [file] = loaded.weightsFiles;
  if (loaded.hasUnnamedAnswers) {
    throw new UsageError(
      `'${file}' is a weights file, which holds no answer table: name one with --answers (in JavaScript: answers), or name a run folder.`,
    );
  }
  throw new LxmertError(`${file} ${loaded.whyNoAnswers ?? 'has no answer head, so it cannot answer.'}`);
}

/** @throws LxmertError for a model that has no matching head */
export function requireMatching(loaded: LoadedModel<string>): LoadedModel<'match'> {
  if ('match' in loaded.activations) return loaded as LoadedModel<string> as LoadedModel<'match'>;
  throw noMatchingHead(loaded.weightsFiles[0] ?? 'The model');
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
  const place = await findModel(source.model, source.weights ?? 'BEST');
  const { run, weightsFile } = place;
  const task = source.withoutHeads ? undefined : (source.task ?? (await findTask(run?.task)));
  const checkpoint = await CheckpointFile.open(weightsFile);
  // Before anything is missed in it: a file of another kind has no answers either.
  modelSizes(checkpoint);
  const companions = companionsOf(source, place, task, checkpoint);
  const { vocabularyFile, answersFile } = companions;
  const answerTable = await answersOf(source, answersFile, task, weightsFile);
  const known: HeadDefinition[] =
    task === undefined ? headsOfFile(checkpoint, answersFile, answerTable) : headsOf(task, answerTable);
  const heads = source.withoutHeads ? [] : known;
  requireHeads(checkpoint, heads, task, answersFile);
  const { config, vocabulary, notes } = await configOfWeights({
    checkpoint,
    vocabularyFile,
    numAttentionHeads: source.numAttentionHeads,
    modelConfig: source.modelConfig,
  });
  const imagesPerExample =
    numAnswersOf(checkpoint) === undefined ? (task?.imagesPerExample ?? 1) : imagesPerExampleOf(checkpoint);
  const { maxLength, notes: lengthNotes } = readableLength(weightsFile, config, run?.maxLength);
  const { precision, device = 'cpu' } = source;
  const { model, notes: valueNotes } = modelOfWeights(
    checkpoint,
    () => new TaskModel(config, heads, imagesPerExample),
    { precision, device, packsAsLoaded: true },
  );
  const trainedOn = run?.features?.[0]?.provenance;
  const pixelRegions = run?.pixelRegions ?? pixelRegionsOf(trainedOn);
  return {
    models: [model],
    // A question is hundreds of small kernels: starting them one by one takes longer than computing them.
    graphs: device !== 'cpu' && hasGraphs() ? [new ShapeGraphs(device, NOTHING_AROUND)] : undefined,
    activations: activationsOf(checkpoint, heads, task, run?.settings.loss, imagesPerExample),
    tokenizer: new WordPieceTokenizer(vocabulary),
    answerTable,
    maxLength,
    weightsFiles: [weightsFile],
    pixelRegions,
    isOfSampleWorld: run?.pixelRegions !== undefined,
    // A run on pictures and no store states no detector; what it saw is known all the same.
    trainedOn: trainedOn ?? (pixelRegions && pixelFinder(pixelRegions, programName()).provenance),
    notes: [...companions.notes, ...notes, ...lengthNotes, ...valueNotes],
    task: task?.name,
    whyNoAnswers: numAnswersOf(checkpoint) === undefined ? missingAnswerHead(checkpoint) : undefined,
    hasUnnamedAnswers:
      numAnswersOf(checkpoint) !== undefined && answersFile === undefined && task === undefined,
  };
}

/** Those of the file; without one those that the task fixes, or none. @throws UsageError as {@link requireOrderOfRun} */
async function answersOf(
  source: Pick<ModelSource, 'answers' | 'say'>,
  file: string | undefined,
  task: Task | undefined,
  weightsFile: string,
): Promise<AnswerTable> {
  if (file === undefined) return new AnswerTable(fixedAnswers(task) ?? []);
  const table = await loadAnswerTable(file, { say: source.say });
  if (file === source.answers)
    await requireOrderOfRun(file, table, path.dirname(splitWeightsPath(weightsFile).file));
  return table;
}

/**
 * Word pieces of a sentence that are read.
 *
 * @param ofRun as many as its run read
 * @throws LxmertError when the model has no positions for those
 */
function readableLength(
  weightsFile: string,
  { maxPositionEmbeddings }: LxmertConfig,
  ofRun: number | undefined,
): { readonly maxLength: number; readonly notes: readonly string[] } {
  const maxLength = ofRun ?? Math.min(DEFAULT_MAX_LENGTH, maxPositionEmbeddings);
  if (maxLength > maxPositionEmbeddings) {
    throw new LxmertError(
      `${weightsFile} has positions for ${maxPositionEmbeddings} word pieces, but its run reads ${maxLength}: the weights are not of that run.`,
    );
  }
  if (ofRun !== undefined || maxLength === DEFAULT_MAX_LENGTH) return { maxLength, notes: [] };
  const note = `${weightsFile} has positions for ${maxLength} word pieces: sentences are read up to that, not to ${DEFAULT_MAX_LENGTH}.`;
  return { maxLength, notes: [note] };
}

/** @throws UsageError for the answers of the run whose folder the weights lie in, given in another order */
async function requireOrderOfRun(file: string, table: AnswerTable, folder: string): Promise<void> {
  const own = path.join(folder, RUN_FILES.answers);
  if (!existsSync(own)) return;
  const known = await loadAnswerTable(own);
  const isReordered =
    known.size === table.size &&
    known.answers.every((answer) => table.indexOf(answer) !== undefined) &&
    known.answers.some((answer, i) => table.answers[i] !== answer);
  if (!isReordered) return;
  throw new UsageError(
    `${file} has the answers of the weights in another order: ${own}, which lies with them, begins with '${known.answers[0]}', this one with '${table.answers[0]}'. Every answer would be taken for another. Leave --answers out, or name ${own}.`,
  );
}

const NOTHING_AROUND = {
  note: () => undefined,
  restore: () => undefined,
  givenUp: (error: unknown) =>
    process.emitWarning(`Answers are computed without graphs of kernels: ${messageOf(error)}`),
};

/** Of a run whose features were made from pixels; not where boxes were given, which nobody gives of another picture. */
function pixelRegionsOf(provenance: Provenance | undefined): PixelRegionSettings | undefined {
  if (provenance?.detector !== PIXEL_REGIONS) return undefined;
  const { numBoxes, grid } = provenance.settings;
  if (typeof numBoxes !== 'number') return undefined;
  return { numBoxes, ...(typeof grid === 'number' && { grid }) };
}
