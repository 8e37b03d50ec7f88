/** @file Writes a sample world: pictures, region features, annotations of every task, and a vocabulary. */

import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomic } from '../../common/atomicFile.js';
import { UsageError } from '../../common/errors.js';
import { makeFolder } from '../../common/makeFolder.js';
import { type Progress, silentProgress } from '../../common/progress.js';
import { convertToStore, type FeatureRow, unknownProvenance, writeObj36 } from '../../features/index.js';
import { buildVocabulary } from '../../text/index.js';
import { saveVocabulary } from '../../text/vocabularyFile.js';
import { AnswerTable } from '../answerTable.js';
import { saveAnswerTable } from '../answerTableFiles.js';
import type { RegionExtractor } from '../regionExtractor.js';
import type { SampleQuestion } from './askQuestions.js';
import { CAPTION_FILES, type CaptionSplit, writeCaptions } from './captions/writeCaptions.js';
import { encodePng } from './encodePng.js';
import { GQA_FILES, type GqaSplit, writeGqa } from './gqa/writeGqa.js';
import { labelRegions } from './labelRegions.js';
import { NLVR2_FILES, type Nlvr2Split, writeNlvr2 } from './nlvr2/writeNlvr2.js';
import { renderScene } from './renderScene.js';
import type { ColorShape, Scene } from './scene.js';
import { SAMPLE_SPLITS, type SampleSplit, SceneSource, type SceneSourceOptions } from './sceneSource.js';
import { WordCollector } from './wordCollector.js';

export interface SampleWorldOptions extends SceneSourceOptions {
  readonly folder: string;
  /** Finds and describes regions, from pixels alone. */
  readonly extractor: RegionExtractor;
  readonly progress?: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** Where everything lies, relative to the world's folder. */
export const SAMPLE_FILES = {
  questions: (split: string) => path.join('vqa', `${split}.json`),
  features: (split: string) => path.join('features', `${split}_obj36.tsv`),
  store: (split: string) => path.join('features', split),
  image: (split: string, imageId: string) => path.join('images', split, `${imageId}.png`),
  answers: path.join('vqa', 'trainval_label2ans.json'),
  vocabulary: 'vocab.txt',
  world: 'world.json',
  gqa: GQA_FILES,
  nlvr2: NLVR2_FILES,
  captions: CAPTION_FILES,
} as const;

export interface SampleWorldSummary {
  readonly folder: string;
  readonly numImages: Readonly<Record<string, number>>;
  readonly numQuestions: Readonly<Record<string, number>>;
  readonly numAnswers: number;
  /** Color-shape pairs that only the held-out split shows. */
  readonly heldOutPairs: readonly ColorShape[];
  /** GQA-style questions. */
  readonly numGqaQuestions: Readonly<Record<GqaSplit, number>>;
  /** NLVR2-style examples: a statement with a pair of pictures. */
  readonly numNlvr2Examples: Readonly<Record<Nlvr2Split, number>>;
  readonly numCaptions: Readonly<Record<CaptionSplit, number>>;
}

/**
 * Makes the world in `folder`. The same options give the same bytes on one machine (PNG bytes depend on the version
 * of the image library).
 *
 * @throws UsageError when the folder holds files already or there are too few images for the splits
 */
export async function makeSampleWorld(options: SampleWorldOptions): Promise<SampleWorldSummary> {
  const { folder, numImages, seed, signal, progress = silentProgress } = options;
  if (numImages < 20)
    throw new UsageError(`A sample world needs at least 20 images for its splits, not ${numImages}.`);
  makeFolder(folder);
  if ((await readdir(folder)).length > 0) {
    throw new UsageError(`The folder '${folder}' is not empty. Name a new one.`);
  }
  const source = new SceneSource(options);
  const numQuestions: Record<string, number> = {};
  const sentences: string[] = [];
  const answers = new Set<string>();
  let numDone = 0;

  for (const [split, count] of Object.entries(source.numImages) as [SampleSplit, number][]) {
    makeFolder(path.join(folder, 'images', split));
    const questions: object[] = [];
    const rows = async function* (): AsyncGenerator<FeatureRow> {
      for (let i = 0; i < count; i++) {
        signal?.throwIfAborted();
        const { scene, questions: asked } = source.asked(split, i);
        yield await writeImage(scene, split, options);
        for (const [k, question] of asked.entries()) {
          questions.push(annotation(question, scene.imageId, splitNumber(split) + i * 100 + k, split));
          if (split === 'train') {
            sentences.push(question.sentence);
            for (const [answer] of question.labels) answers.add(answer);
          }
        }
        progress.update(++numDone, numImages);
      }
    };
    await writeObj36(path.join(folder, SAMPLE_FILES.features(split)), rows());
    await writeStore(split, options);
    await writeFileAtomic(
      path.join(folder, SAMPLE_FILES.questions(split)),
      JSON.stringify(questions, null, 1),
    );
    numQuestions[split] = questions.length;
  }
  const table = new AnswerTable([...answers].sort());
  await saveAnswerTable(table, path.join(folder, 'vqa'));
  const words = new WordCollector();
  const onSentence = (sentence: string): void => words.add(sentence);
  const numGqaQuestions = await writeGqa(folder, source, onSentence, signal);
  const numNlvr2Examples = await writeNlvr2(folder, source, onSentence, signal);
  const numCaptions = await writeCaptions(folder, source, onSentence, signal);
  // Words of the other tasks stand after those of the questions, whose ids thereby do not depend on them.
  const vocabulary = words.extend(buildVocabulary(sentences));
  await saveVocabulary(vocabulary, path.join(folder, SAMPLE_FILES.vocabulary));
  const { heldOutPairs } = source;
  const summary = { numImages: source.numImages, numQuestions, numAnswers: table.size, heldOutPairs };
  const { provenance } = options.extractor;
  const world = { seed, extractor: provenance, ...summary };
  await writeFileAtomic(path.join(folder, SAMPLE_FILES.world), `${JSON.stringify(world, null, 2)}\n`);
  return { folder, ...summary, numGqaQuestions, numNlvr2Examples, numCaptions };
}

/** The features once more as a store, which training and answering open. */
async function writeStore(split: string, { folder, extractor, signal }: SampleWorldOptions): Promise<void> {
  const { extractor: detector, ...settings } = extractor.provenance;
  await convertToStore(
    path.join(folder, SAMPLE_FILES.features(split)),
    path.join(folder, SAMPLE_FILES.store(split)),
    { provenance: { ...unknownProvenance, detector: String(detector), settings }, signal },
  );
  // An interrupted conversion leaves a store that does not open.
  signal?.throwIfAborted();
}

/** Draws, encodes and writes a picture; its features come from the very pixels that were written. */
async function writeImage(scene: Scene, split: string, options: SampleWorldOptions): Promise<FeatureRow> {
  const image = renderScene(scene);
  const png = await encodePng(image);
  // Not flushed one by one: a world is whole once world.json, its last file, is there.
  await writeFile(path.join(options.folder, SAMPLE_FILES.image(split, scene.imageId)), png);
  const regions = options.extractor.extract(image);
  const { height, width, numBoxes, boxes, features } = regions;
  return {
    imageId: scene.imageId,
    height,
    width,
    numBoxes,
    boxes,
    features,
    ...labelRegions(scene, regions),
  };
}

function annotation(
  question: SampleQuestion,
  imageId: string,
  questionId: number,
  split: SampleSplit,
): object {
  return {
    img_id: imageId,
    // The test split has no labels, as the real one.
    ...(split === 'test' ? {} : { label: Object.fromEntries(question.labels) }),
    question_id: questionId,
    question_type: question.kind,
    answer_type: question.answerType,
    sent: question.sentence,
  };
}

/** Question ids are unique over all splits, as in VQA. */
function splitNumber(split: SampleSplit): number {
  return (1 + Object.keys(SAMPLE_SPLITS).indexOf(split)) * 1_000_000_000;
}
