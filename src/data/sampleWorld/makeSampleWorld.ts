/** @file Writes a sample world: pictures, region features, questions, answer table and vocabulary. */

import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { writeFileAtomic } from '../../common/atomicFile.js';
import { UsageError } from '../../common/errors.js';
import { type Progress, silentProgress } from '../../common/progress.js';
import { Random } from '../../common/random.js';
import { type FeatureRow, writeObj36 } from '../../features/index.js';
import { buildVocabulary } from '../../text/index.js';
import { AnswerTable } from '../answerTable.js';
import type { RegionExtractor } from '../imageRegions.js';
import { type AskedQuestion, askQuestions, QUESTION_KINDS, type QuestionKind } from './askQuestions.js';
import { labelRegions } from './labelRegions.js';
import { SAMPLE_COLORS, SAMPLE_SHAPES, SAMPLE_SIZES, type SampleShape } from './palette.js';
import { renderScene } from './renderScene.js';
import { type ColorShape, drawScene, type Scene, type SceneRules } from './scene.js';

/** The splits and their shares of the images. */
export const SAMPLE_SPLITS = { train: 0.8, minival: 0.1, heldout: 0.05, test: 0.05 } as const;
export type SampleSplit = keyof typeof SAMPLE_SPLITS;

export interface SampleWorldOptions {
  readonly folder: string;
  readonly numImages: number;
  readonly seed: number;
  /** Finds and describes regions, from pixels alone. */
  readonly extractor: RegionExtractor;
  readonly questionsPerImage?: number;
  readonly numColors?: number;
  readonly numShapes?: number;
  readonly maxObjects?: number;
  readonly kinds?: readonly QuestionKind[];
  /** Side of a picture in pixels. */
  readonly imageSize?: number;
  readonly progress?: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** Where everything lies, relative to the world's folder. */
export const SAMPLE_FILES = {
  questions: (split: string) => path.join('vqa', `${split}.json`),
  features: (split: string) => path.join('features', `${split}_obj36.tsv`),
  image: (split: string, imageId: string) => path.join('images', split, `${imageId}.png`),
  answers: path.join('vqa', 'trainval_label2ans.json'),
  vocabulary: 'vocab.txt',
  world: 'world.json',
} as const;

export interface SampleWorldSummary {
  readonly folder: string;
  readonly numImages: Readonly<Record<string, number>>;
  readonly numQuestions: Readonly<Record<string, number>>;
  readonly numAnswers: number;
  /** Color-shape pairs that only the held-out split shows. */
  readonly heldOutPairs: readonly ColorShape[];
}

/** Share of the color-shape pairs that training never shows. */
const HELD_OUT_SHARE = 0.1;

/**
 * Makes the world in `folder`. The same options give the same bytes on one machine (PNG bytes depend on the version
 * of the image library).
 *
 * @throws UsageError when the folder holds files already or there are too few images for the splits
 */
export async function makeSampleWorld(options: SampleWorldOptions): Promise<SampleWorldSummary> {
  const { folder, numImages, seed, progress = silentProgress } = options;
  if (numImages < 20)
    throw new UsageError(`A sample world needs at least 20 images for its splits, not ${numImages}.`);
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0) {
    throw new UsageError(`The folder '${folder}' is not empty. Name a new one, or remove it.`);
  }
  const colors = SAMPLE_COLORS.slice(0, options.numColors ?? 6).map((color) => color.name);
  const shapes = SAMPLE_SHAPES.slice(0, options.numShapes ?? 4);
  const { seen, heldOut } = splitPairs(colors, shapes, seed);
  const counts = splitCounts(numImages);
  const numQuestions: Record<string, number> = {};
  const sentences: string[] = [];
  const answers = new Set<string>();
  let numDone = 0;

  for (const [split, count] of Object.entries(counts) as [SampleSplit, number][]) {
    await mkdir(path.join(folder, 'images', split), { recursive: true });
    const rules: SceneRules = {
      width: options.imageSize ?? 128,
      height: options.imageSize ?? 128,
      minObjects: 2,
      maxObjects: options.maxObjects ?? 5,
      sizes: SAMPLE_SIZES,
      pairs: split === 'heldout' ? [...seen, ...heldOut] : seen,
      ...(split === 'heldout' ? { favouredPairs: heldOut } : {}),
      repeatChance: 0.4,
    };
    const questions: object[] = [];
    const rows = async function* (): AsyncGenerator<FeatureRow> {
      for (let i = 0; i < count; i++) {
        options.signal?.throwIfAborted();
        const imageId = `sample_${split}_${String(i).padStart(6, '0')}`;
        const random = Random.derive(seed, imageId);
        const scene = drawScene(imageId, rules, random);
        yield await writeImage(scene, split, options);
        const asked = askQuestions(
          scene,
          { colors, shapes, pairs: rules.pairs },
          options.kinds ?? QUESTION_KINDS,
          options.questionsPerImage ?? 10,
          random,
        );
        for (const [k, question] of asked.entries()) {
          questions.push(annotation(question, imageId, splitNumber(split) + i * 100 + k, split));
          if (split === 'train') {
            sentences.push(question.sentence);
            for (const [answer] of question.labels) answers.add(answer);
          }
        }
        progress.update(++numDone, numImages);
      }
    };
    await writeObj36(path.join(folder, SAMPLE_FILES.features(split)), rows());
    await writeFileAtomic(
      path.join(folder, SAMPLE_FILES.questions(split)),
      JSON.stringify(questions, null, 1),
    );
    numQuestions[split] = questions.length;
  }
  const table = new AnswerTable([...answers].sort());
  await table.save(path.join(folder, 'vqa'));
  await buildVocabulary(sentences).save(path.join(folder, SAMPLE_FILES.vocabulary));
  const summary = { numImages: counts, numQuestions, numAnswers: table.size, heldOutPairs: heldOut };
  const { provenance } = options.extractor;
  const world = { seed, extractor: provenance, ...summary };
  await writeFileAtomic(path.join(folder, SAMPLE_FILES.world), `${JSON.stringify(world, null, 2)}\n`);
  return { folder, ...summary };
}

/** Draws, encodes and writes a picture; its features come from the very pixels that were written. */
async function writeImage(scene: Scene, split: string, options: SampleWorldOptions): Promise<FeatureRow> {
  const image = renderScene(scene);
  const raw = { width: image.width, height: image.height, channels: 3 as const };
  const png = await sharp(image.data, { raw }).png({ compressionLevel: 6 }).toBuffer();
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
  question: AskedQuestion,
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

function splitCounts(numImages: number): Record<SampleSplit, number> {
  const minival = Math.max(1, Math.round(numImages * SAMPLE_SPLITS.minival));
  const heldout = Math.max(1, Math.round(numImages * SAMPLE_SPLITS.heldout));
  const test = Math.max(1, Math.round(numImages * SAMPLE_SPLITS.test));
  return { train: numImages - minival - heldout - test, minival, heldout, test };
}

/** Keeps pairs from training so that every color and every shape is still seen there. */
function splitPairs(
  colors: readonly string[],
  shapes: readonly SampleShape[],
  seed: number,
): { seen: ColorShape[]; heldOut: ColorShape[] } {
  const pairs = colors.flatMap((color) => shapes.map((shape): ColorShape => ({ color, shape })));
  const random = Random.derive(seed, 'held-out pairs');
  const heldOut: ColorShape[] = [];
  const wanted = Math.max(1, Math.round(pairs.length * HELD_OUT_SHARE));
  for (const pair of random.shuffle<ColorShape, ColorShape[]>([...pairs])) {
    if (heldOut.length === wanted) break;
    // At most one pair of a color and one of a shape, until every shape had its turn.
    const isFresh = heldOut.every((other) => other.color !== pair.color && other.shape !== pair.shape);
    if (isFresh) heldOut.push(pair);
  }
  return { seen: pairs.filter((pair) => !heldOut.includes(pair)), heldOut };
}
