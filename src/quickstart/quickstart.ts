/** @file From nothing to a model that answers questions about pictures, with yardsticks beside its accuracy. */

import path from 'node:path';
import type { Progress } from '../common/progress.js';
import type { Question } from '../data/annotations/question.js';
import { readQuestions } from '../data/annotations/vqaAnnotations.js';
import { loadAnswerTable } from '../data/answerTableFiles.js';
import { QuestionSet } from '../data/questionSet.js';
import { makeSampleWorld, SAMPLE_FILES } from '../data/sampleWorld/makeSampleWorld.js';
import { FeatureStore } from '../features/index.js';
import { disposeModels } from '../inference/ensemble.js';
import { type LoadedModel, loadAnsweringModel } from '../inference/modelFolder.js';
import { type LxmertConfig, lxmertConfig, type Precision } from '../model/index.js';
import { loadTask, predictExamples, type Task } from '../tasks/index.js';
import type { Vocabulary } from '../text/index.js';
import { loadVocabulary } from '../text/vocabularyFile.js';
import { type Device, setNumThreads } from '../torch/index.js';
import { type FinetuneResult, type FinetuneSettings, finetune, RunFolder } from '../train/index.js';
import { pixelExtractor } from '../vision/pixelExtractor.js';
import { QUICKSTART_WORLD } from './defaults.js';
import { accuracyRows, answeredExamples } from './quickstartAccuracy.js';
import { writeQuickstartReport } from './quickstartReport.js';
import type { AccuracyRow, QuickstartResult } from './quickstartResult.js';
import { beginQuickstart, QUICKSTART_FILES } from './quickstartState.js';

export interface QuickstartOptions {
  readonly folder: string;
  readonly numImages: number;
  readonly numEpochs: number;
  readonly numBoxes: number;
  readonly hiddenSize: number;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly numThreads: number;
  readonly precision: Precision;
  /** What computes; the processor unless it says otherwise. */
  readonly device?: Device;
  readonly seed: number;
  readonly progress: (label: string, unit: string) => Progress & { stop(): void };
  readonly notice: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Splits that are evaluated: unseen scenes, and scenes with color-shape pairs never seen in training. */
const EVALUATED_SPLITS = ['minival', 'heldout'] as const;
/** Steps that a power cut may cost, seconds of training; Ctrl-C costs none. */
const SNAPSHOT_STEPS = 500;

/** What is drawn, and with it all that is trained on and asked about. */
interface World {
  readonly folder: string;
  readonly store: FeatureStore;
  readonly vocabulary: Vocabulary;
  questionsOf(split: string): Promise<QuestionSet>;
}

/**
 * Draws scenes, trains a model on questions about them and measures it; what an earlier call finished is not done again.
 *
 * @returns without accuracy and report when it was interrupted, or no epoch learned anything
 * @throws UsageError for a folder of other files, or of a quickstart with other settings; the reason of `signal` while scenes
 * are drawn
 */
export async function runQuickstart(options: QuickstartOptions): Promise<QuickstartResult> {
  const { folder } = options;
  const start = performance.now();
  setNumThreads(options.numThreads);
  const drawn = await drawScenes(options);
  using store = FeatureStore.open(
    ['train', ...EVALUATED_SPLITS].map((split) => path.join(drawn, SAMPLE_FILES.store(split))),
  );
  const world = await readWorld(drawn, store);
  const training = await world.questionsOf('train');
  const validation = await world.questionsOf('minival');
  const runFolder = path.join(folder, QUICKSTART_FILES.run);
  const fitted = await train(options, world, { training, validation, runFolder });
  const result = {
    folder,
    runFolder,
    numParameters: fitted.numParameters,
    steps: fitted.steps,
    epochs: fitted.epochs,
    numSteps: fitted.numSteps,
    hasLearned: fitted.bestEpoch !== undefined,
    wasInterrupted: fitted.wasInterrupted,
  };
  const seconds = (): number => (performance.now() - start) / 1000;
  if (fitted.wasInterrupted || fitted.bestEpoch === undefined) {
    return { ...result, seconds: seconds(), accuracy: [], examples: [], report: undefined };
  }
  const { precision, device } = options;
  const answering = await loadAnsweringModel({ model: runFolder, precision, device });
  try {
    const accuracy = await measured(answering, world, training.questions, options.signal);
    const examples = answeredExamples(answering, store, drawn, validation.questions);
    const finished = { ...result, seconds: seconds(), accuracy, examples };
    return { ...finished, report: await writeQuickstartReport(finished, store) };
  } finally {
    disposeModels(answering);
  }
}

/** @returns the folder of the scenes, drawn now or by an earlier call */
async function drawScenes(options: QuickstartOptions): Promise<string> {
  const { folder, notice, signal, seed } = options;
  const { numImages, numEpochs, numBoxes, hiddenSize, learningRate, batchSize, precision } = options;
  const settings = { numImages, numEpochs, numBoxes, hiddenSize, learningRate, batchSize, precision, seed };
  const { hasWorld, goesOn } = await beginQuickstart(folder, settings);
  if (goesOn)
    notice(
      `A quickstart was begun in ${folder} and goes on${hasWorld ? '' : '; its scenes are drawn anew'}.`,
    );
  const world = path.join(folder, QUICKSTART_FILES.world);
  if (hasWorld) return world;
  const extractor = pixelExtractor({ numBoxes });
  await withProgress(options, 'Drawing scenes', 'images', (progress) =>
    makeSampleWorld({ folder: world, numImages, seed, extractor, ...QUICKSTART_WORLD, progress, signal }),
  ).catch((error: unknown) => {
    if (signal.aborted)
      notice('Stopped while scenes were drawn. The same command draws them anew and goes on.');
    throw error;
  });
  return world;
}

async function readWorld(folder: string, store: FeatureStore): Promise<World> {
  const answerTable = await loadAnswerTable(path.join(folder, SAMPLE_FILES.answers));
  return {
    folder,
    store,
    vocabulary: await loadVocabulary(path.join(folder, SAMPLE_FILES.vocabulary)),
    questionsOf: async (split) =>
      new QuestionSet({
        questions: await readQuestions(path.join(folder, SAMPLE_FILES.questions(split))),
        hasImage: (id) => store.has(id),
        answerTable,
        unknownAnswers: 'skip',
        name: split,
      }),
  };
}

async function train(
  options: QuickstartOptions,
  { folder, store, vocabulary }: World,
  sets: { readonly training: QuestionSet; readonly validation: QuestionSet; readonly runFolder: string },
): Promise<FinetuneResult> {
  const { training, validation, runFolder } = sets;
  const { numImages, numBoxes, device = 'cpu', signal, notice } = options;
  const task = await loadTask('vqa');
  const run = await RunFolder.open(runFolder);
  return await withProgress(options, 'Training', 'steps', (progress) =>
    finetune({
      task,
      training,
      validation,
      features: store,
      vocabulary,
      config: configOf(options, vocabulary.size),
      settings: settingsOf(options, task),
      run,
      snapshots: { everySteps: SNAPSHOT_STEPS, numKept: 1, resume: true },
      device: { device, allowTf32: false, useGraphs: false },
      provenance: { command: 'quickstart', world: folder, numImages, pixelRegions: { numBoxes } },
      progress,
      signal,
      notice,
    }),
  );
}

async function measured(
  answering: LoadedModel,
  { store, questionsOf }: World,
  training: readonly Question[],
  signal: AbortSignal,
): Promise<AccuracyRow[]> {
  const task = await loadTask('vqa');
  const rows: AccuracyRow[] = [];
  for (const split of EVALUATED_SPLITS) {
    const { questions } = await questionsOf(split);
    const predictions = await predictExamples(task, answering, store, questions, { batchSize: 256, signal });
    const answers = predictions.map(({ answer }) => answer);
    rows.push(...accuracyRows(split, training, questions, answers));
  }
  return rows;
}

async function withProgress<T>(
  options: Pick<QuickstartOptions, 'progress'>,
  label: string,
  unit: string,
  work: (progress: Progress) => Promise<T>,
): Promise<T> {
  const progress = options.progress(label, unit);
  try {
    return await work(progress);
  } finally {
    progress.stop();
  }
}

function configOf({ hiddenSize }: QuickstartOptions, vocabSize: number): LxmertConfig {
  return lxmertConfig({
    vocabSize,
    hiddenSize,
    numAttentionHeads: 2,
    intermediateSize: 2 * hiddenSize,
    numLanguageLayers: 1,
    numVisionLayers: 1,
    numCrossLayers: 2,
    maxPositionEmbeddings: 32,
    hiddenDropout: 0,
    attentionDropout: 0,
    // BERT's 0.02 is for widths of 768: so narrow a model starts faster from larger weights.
    initializerRange: 0.1,
  });
}

function settingsOf(options: QuickstartOptions, { loss }: Pick<Task, 'loss'>): FinetuneSettings {
  const { batchSize, numEpochs, learningRate, seed, precision } = options;
  return {
    ...{ batchSize, numEpochs, learningRate, seed, precision },
    accumulationSteps: 1,
    warmupRatio: 0.1,
    clipNorm: 5,
    loss,
    maxLength: 20,
  };
}
