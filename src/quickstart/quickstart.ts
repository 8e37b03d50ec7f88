/** @file From nothing to a model that answers questions about pictures, with yardsticks beside its accuracy. */

import path from 'node:path';
import type { Progress } from '../common/progress.js';
import type { Question } from '../data/annotations/question.js';
import { readQuestions } from '../data/annotations/vqaAnnotations.js';
import { scoreAnswers } from '../data/answerScore.js';
import { loadAnswerTable } from '../data/answerTableFiles.js';
import { majorityAnswers, questionOnlyAnswers } from '../data/baselines.js';
import { QuestionSet } from '../data/questionSet.js';
import { makeSampleWorld, SAMPLE_FILES } from '../data/sampleWorld/makeSampleWorld.js';
import { FeatureStore } from '../features/index.js';
import { disposeModels } from '../inference/ensemble.js';
import { type LoadedModel, loadAnsweringModel } from '../inference/modelFolder.js';
import { type LxmertConfig, lxmertConfig, type Precision } from '../model/index.js';
import { loadTask, predictExamples, rankAnswers, type Task } from '../tasks/index.js';
import { loadVocabulary } from '../text/vocabularyFile.js';

import { type Device, setNumThreads } from '../torch/index.js';
import { type FinetuneSettings, finetune, RunFolder } from '../train/index.js';
import { pixelExtractor } from '../vision/pixelExtractor.js';
import { QUICKSTART_WORLD } from './defaults.js';
import { writeQuickstartReport } from './quickstartReport.js';
import type { AccuracyRow, AnsweredExample, QuickstartResult } from './quickstartResult.js';
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
const NUM_EXAMPLES = 6;
/** Steps that a power cut may cost, seconds of training; Ctrl-C costs none. */
const SNAPSHOT_STEPS = 500;

export async function runQuickstart(options: QuickstartOptions): Promise<QuickstartResult> {
  const { folder, notice, signal, seed } = options;
  const start = performance.now();
  setNumThreads(options.numThreads);
  const { numImages, numEpochs, numBoxes, hiddenSize, learningRate, batchSize, precision } = options;
  const settings = { numImages, numEpochs, numBoxes, hiddenSize, learningRate, batchSize, precision, seed };
  const { hasWorld, goesOn } = await beginQuickstart(folder, settings);
  if (goesOn)
    notice(
      `A quickstart was begun in ${folder} and goes on${hasWorld ? '' : '; its scenes are drawn anew'}.`,
    );
  const world = path.join(folder, QUICKSTART_FILES.world);
  const withProgress = async <T>(
    label: string,
    unit: string,
    work: (progress: Progress) => Promise<T>,
  ): Promise<T> => {
    const progress = options.progress(label, unit);
    try {
      return await work(progress);
    } finally {
      progress.stop();
    }
  };
  const extractor = pixelExtractor({ numBoxes: options.numBoxes });
  if (!hasWorld) {
    await withProgress('Drawing scenes', 'images', (progress) =>
      makeSampleWorld({ folder: world, numImages, seed, extractor, ...QUICKSTART_WORLD, progress, signal }),
    ).catch((error: unknown) => {
      if (signal.aborted)
        notice('Stopped while scenes were drawn. The same command draws them anew and goes on.');
      throw error;
    });
  }
  const storeOf = (split: string): string => path.join(world, SAMPLE_FILES.store(split));
  using store = FeatureStore.open(['train', ...EVALUATED_SPLITS].map(storeOf));
  const vocabulary = await loadVocabulary(path.join(world, SAMPLE_FILES.vocabulary));
  const vqa = await loadTask('vqa');
  const answerTable = await loadAnswerTable(path.join(world, SAMPLE_FILES.answers));
  const load = async (name: string): Promise<QuestionSet> =>
    new QuestionSet({
      questions: await readQuestions(path.join(world, SAMPLE_FILES.questions(name))),
      hasImage: (id) => store.has(id),
      answerTable,
      unknownAnswers: 'skip',
      name,
    });
  const training = await load('train');
  const validation = await load('minival');
  const runFolder = path.join(folder, QUICKSTART_FILES.run);
  const run = await RunFolder.open(runFolder);
  const fitted = await withProgress('Training', 'steps', (progress) =>
    finetune({
      task: vqa,
      training,
      validation,
      features: store,
      vocabulary,
      config: configOf(options, vocabulary.size),
      settings: settingsOf(options, vqa),
      run,
      snapshots: { everySteps: SNAPSHOT_STEPS, numKept: 1, resume: true },
      device: { device: options.device ?? 'cpu', allowTf32: false, useGraphs: false },
      provenance: {
        command: 'quickstart',
        world,
        numImages: options.numImages,
        pixelRegions: { numBoxes: options.numBoxes },
      },
      progress,
      signal,
      notice,
    }),
  );
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
  const answering = await loadAnsweringModel({
    model: runFolder,
    precision: options.precision,
    device: options.device,
  });
  try {
    const accuracy: AccuracyRow[] = [];
    for (const split of EVALUATED_SPLITS) {
      const { questions } = await load(split);
      const predictions = await predictExamples(vqa, answering, store, questions, { batchSize: 256, signal });
      const answers = predictions.map(({ answer }) => answer);
      accuracy.push(...accuracyRows(split, training.questions, questions, answers));
    }
    const examples = answeredExamples(answering, store, world, validation.questions);
    const finished = { ...result, seconds: seconds(), accuracy, examples };
    return { ...finished, report: await writeQuickstartReport(finished, store) };
  } finally {
    disposeModels(answering);
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

function answeredExamples(
  answering: LoadedModel,
  store: FeatureStore,
  world: string,
  questions: readonly Question[],
): AnsweredExample[] {
  return chooseExamples(questions).map((question) => {
    const [answers = []] = rankAnswers(answering, store, [question], 3);
    return {
      image: path.join(world, SAMPLE_FILES.image('minival', question.imageIds[0] ?? '')),
      question: question.sentence,
      expected: [...(question.labels?.keys() ?? [])],
      answers,
    };
  });
}

function accuracyRows(
  split: string,
  training: readonly Question[],
  asked: readonly Question[],
  answers: readonly string[],
): AccuracyRow[] {
  const model = scoreAnswers(asked, answers);
  const questionOnly = scoreAnswers(asked, questionOnlyAnswers(training, asked));
  const majority = scoreAnswers(asked, majorityAnswers(training, asked));
  const kinds = [...model.byQuestionType.keys()].sort();
  const rows = kinds.map((kind) => ({
    split,
    kind,
    numQuestions: model.byQuestionType.get(kind)?.numQuestions ?? 0,
    model: model.byQuestionType.get(kind)?.score ?? 0,
    questionOnly: questionOnly.byQuestionType.get(kind)?.score ?? 0,
    majority: majority.byQuestionType.get(kind)?.score ?? 0,
  }));
  const all = {
    split,
    kind: 'all',
    numQuestions: model.numQuestions,
    model: model.overall,
    questionOnly: questionOnly.overall,
    majority: majority.overall,
  };
  return [...rows, all];
}

/** The first question of each of several images, so that examples differ; not chosen by the answer. */
function chooseExamples(questions: readonly Question[]): Question[] {
  const chosen = new Map<string, Question>();
  const kinds = new Set<string>();
  for (const question of questions) {
    if (chosen.size === NUM_EXAMPLES) break;
    const [imageId = ''] = question.imageIds;
    if (chosen.has(imageId) || kinds.has(question.questionType)) continue;
    chosen.set(imageId, question);
    kinds.add(question.questionType);
  }
  return [...chosen.values()];
}
