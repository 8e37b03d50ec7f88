/** @file What the other examples work on, made in a second: drawn pictures, their region features, questions, a tiny model. */

import { mkdtemp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { FeatureStore, pixelExtractor } from 'lxmert/features';
import { type LxmertConfig, loadVocabulary, lxmertConfig, type Vocabulary } from 'lxmert/model';
import {
  DEFAULT_SETTINGS,
  finetune,
  loadAnswerTable,
  loadTask,
  makeSampleWorld,
  type Question,
  QuestionSet,
  RunFolder,
  SAMPLE_FILES,
} from 'lxmert/train';

export interface SampleWorld extends Disposable {
  /** Where it lies; examples write what they make beside it. */
  readonly folder: string;
  /** Region features of all pictures. */
  readonly store: FeatureStore;
  readonly vocabulary: Vocabulary;
  /** VQA's annotations of a split, as a file. */
  questions(split: 'train' | 'minival'): string;
  picture(imageId: string): string;
}

/** Regions of each picture. */
export const NUM_BOXES = 8;

/** Draws the world in a new folder of the system's for temporary files. The same seed gives the same pictures. */
export async function sampleWorld(numImages = 60): Promise<SampleWorld> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'lxmert-example-'));
  const world = path.join(folder, 'world');
  const extractor = pixelExtractor({ numBoxes: NUM_BOXES });
  await makeSampleWorld({
    folder: world,
    numImages,
    seed: 1,
    extractor,
    questionsPerImage: 10,
    maxObjects: 3,
  });
  const store = FeatureStore.open(
    ['train', 'minival'].map((split) => path.join(world, SAMPLE_FILES.store(split))),
  );
  return {
    folder,
    store,
    vocabulary: await loadVocabulary(path.join(world, SAMPLE_FILES.vocabulary)),
    questions: (split) => path.join(world, SAMPLE_FILES.questions(split)),
    picture: (imageId) =>
      path.join(world, SAMPLE_FILES.image(imageId.includes('minival') ? 'minival' : 'train', imageId)),
    [Symbol.dispose]: () => store.dispose(),
  };
}

/** A model that trains in seconds; the published one is `lxmertConfig()`. */
export function tinyConfig(vocabulary: Vocabulary): LxmertConfig {
  return lxmertConfig({
    vocabSize: vocabulary.size,
    hiddenSize: 32,
    numAttentionHeads: 2,
    intermediateSize: 64,
    numLanguageLayers: 1,
    numVisionLayers: 1,
    numCrossLayers: 1,
    maxPositionEmbeddings: 32,
    hiddenDropout: 0,
    attentionDropout: 0,
    initializerRange: 0.1,
  });
}

/** Settings that suit so small a model. */
export const TINY_SETTINGS = {
  ...DEFAULT_SETTINGS,
  batchSize: 16,
  numEpochs: 4,
  learningRate: 2e-3,
} as const;

/** What a task's reader gives, in a list. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** Trains a model on the world's questions. @returns its run folder, which `Lxmert.load` and the commands take */
export async function trainTinyModel({ folder, store, vocabulary, questions }: SampleWorld): Promise<string> {
  const task = await loadTask('vqa');
  const answerTable = await loadAnswerTable(path.join(folder, 'world', SAMPLE_FILES.answers));
  const read = async (split: 'train' | 'minival'): Promise<QuestionSet> =>
    new QuestionSet({
      questions: await collect<Question>(task.read(questions(split))),
      hasImage: (id) => store.has(id),
      answerTable,
      unknownAnswers: 'skip',
      name: split,
    });
  const { runFolder } = await finetune({
    task,
    run: await RunFolder.create(path.join(folder, 'run')),
    config: tinyConfig(vocabulary),
    vocabulary,
    training: await read('train'),
    validation: await read('minival'),
    features: store,
    settings: { ...TINY_SETTINGS, loss: task.loss },
    // What the features were made by is kept with the model: then it can find the regions of a bare picture.
    provenance: { features: store.origins },
  });
  return runFolder;
}
