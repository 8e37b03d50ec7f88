/** @file A pre-training run, or a pre-trained weights file, as a model whose tasks can be evaluated. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { CheckpointFile, numAnswersOf, regionClassesOf, splitWeightsPath } from '../checkpoint/index.js';
import { LxmertError, UsageError } from '../common/errors.js';
import { savedVocabularyIn, savedWeightsIn } from '../common/savedFiles.js';
import type { AnswerTable } from '../data/answerTable.js';
import { loadAnswerTable } from '../data/answerTableFiles.js';
import type { SamplingSettings } from '../data/pretraining/sampling.js';
import type { Provenance } from '../features/index.js';
import { type Precision, PretrainingModel, TIED_DECODER } from '../model/index.js';
import { type LossSettings, task as pretraining } from '../tasks/pretraining/index.js';
import { DEFAULT_MAX_LENGTH, WordPieceTokenizer } from '../text/index.js';
import type { Device } from '../torch/index.js';
import type { RunConfig } from '../train/runConfig.js';
import { PRETRAINED_FILES, RUN_FILES } from '../train/runFolder.js';
import { vocabularyBySize } from './companions.js';
import { configOfWeights } from './configOfWeights.js';
import { modelOfWeights } from './modelOfWeights.js';
import { runConfigBeside } from './runConfigBeside.js';

/** Where a pre-trained model comes from, and what the source does not say itself. */
export interface PretrainedSource {
  /** A run folder (its best weights), a weights file of one, or any other pre-training weights file. */
  readonly model: string;
  readonly vocabulary?: string | undefined;
  /** The answer table in either layout. */
  readonly answers?: string | undefined;
  /** Data sets whose answers the head has. */
  readonly qaSets?: readonly string[] | undefined;
  readonly numAttentionHeads?: number | undefined;
  /** A config.json in place of the one beside the weights. */
  readonly modelConfig?: string | undefined;
  readonly precision?: Precision | undefined;
  /** Told how the answer table was read, where its form is not a documented one. */
  readonly say?: ((line: string) => void) | undefined;
  /** Where the model computes; the processor unless it says otherwise. */
  readonly device?: Device | undefined;
}

export interface PretrainedModel {
  readonly model: PretrainingModel;
  readonly tokenizer: WordPieceTokenizer;
  /** Undefined when the model has no answer head, or nobody said what its answers are. */
  readonly answerTable: AnswerTable | undefined;
  readonly maxLength: number;
  readonly weightsFile: string;
  /** How the run masked and what it counted; the paper's ways for a bare file. */
  readonly sampling: SamplingSettings;
  readonly losses: LossSettings;
  /** The detector whose features the model was trained on; undefined when the source does not say. */
  readonly trainedOn: Provenance | undefined;
  /** What a person should know of how the weights were read, as sentences. */
  readonly notes: readonly string[];
}

/**
 * Loads it to be evaluated.
 *
 * @throws UsageError when something is missing that has to be named
 * @throws CheckpointError when the weights are not those of a whole pre-training model
 */
export async function loadPretrainedModel(source: PretrainedSource): Promise<PretrainedModel> {
  const isFolder = existsSync(path.join(source.model, RUN_FILES.config));
  const folder = isFolder ? source.model : path.dirname(splitWeightsPath(source.model).file);
  const run = await readRun(path.join(folder, RUN_FILES.config));
  const saved = isFolder && run === undefined ? savedWeightsIn(folder) : undefined;
  const weightsFile = saved ?? (isFolder ? path.join(folder, PRETRAINED_FILES.best) : source.model);
  const checkpoint = await CheckpointFile.open(weightsFile);
  const classes = regionClassesOf(checkpoint);
  if (classes === undefined) {
    throw new LxmertError(
      `${weightsFile} has no heads of pre-training, so its tasks cannot be evaluated. Name the weights of a pre-training, such as Epoch20_LXRT.pth.`,
    );
  }
  const tableNotes: string[] = [];
  const vocabularyFile =
    source.vocabulary ??
    (run && path.join(folder, RUN_FILES.vocabulary)) ??
    (saved && savedVocabularyIn(folder)) ??
    vocabularyBySize(checkpoint, tableNotes);
  if (vocabularyFile === undefined) {
    throw new UsageError(`'${source.model}' holds no vocabulary: name one with --vocab.`);
  }
  const { config, vocabulary, notes } = await configOfWeights({
    checkpoint,
    vocabularyFile,
    numAttentionHeads: source.numAttentionHeads,
    modelConfig: source.modelConfig,
  });
  const numAnswers = numAnswersOf(checkpoint);
  const answersFile = source.answers ?? (run && path.join(folder, RUN_FILES.answers));
  const answerTable =
    numAnswers === undefined || answersFile === undefined
      ? undefined
      : await loadAnswerTable(answersFile, { sets: source.qaSets, say: source.say });
  if (answerTable !== undefined && answerTable.size !== numAnswers) {
    throw new LxmertError(
      `${weightsFile} has a head of ${numAnswers} answers, but ${answersFile} has ${answerTable.size}. Name the table that the model was trained with.`,
    );
  }
  const { model, notes: valueNotes } = modelOfWeights(
    checkpoint,
    () => new PretrainingModel(config, { ...classes, numAnswers }),
    { precision: source.precision, device: source.device, only: (name) => name !== TIED_DECODER },
  );
  const { weights, ...losses } = run?.settings.losses ?? pretraining.losses;
  return {
    model,
    tokenizer: new WordPieceTokenizer(vocabulary),
    answerTable,
    maxLength: run?.maxLength ?? DEFAULT_MAX_LENGTH,
    weightsFile,
    sampling: run?.settings.sampling ?? pretraining.sampling,
    losses: {
      ...losses,
      weights: { ...weights, answers: answerTable === undefined ? 0 : weights.answers },
    },
    trainedOn: run?.features?.[0]?.provenance,
    notes: [...tableNotes, ...notes, ...valueNotes],
  };
}

/** What the folder's configuration says; undefined where there is none of a pre-training. */
async function readRun(file: string): Promise<RunConfig | undefined> {
  const run = await runConfigBeside(file);
  if (run === undefined || run.task === pretraining.name) return run;
  throw new LxmertError(
    `${file} is the configuration of '${run.task}', not of a pre-training. Name the run folder of lxmert pretrain, or its weights.`,
  );
}
