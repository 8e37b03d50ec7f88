/** @file Pictures that the page offers to ask about: scenes of the sample world that no model was trained on. */

import sharp from 'sharp';
import type { SampleQuestion } from '../data/sampleWorld/askQuestions.js';
import { encodePng } from '../data/sampleWorld/encodePng.js';
import { renderScene } from '../data/sampleWorld/renderScene.js';
import { SceneSource } from '../data/sampleWorld/sceneSource.js';
import { QUICKSTART_DEFAULTS, QUICKSTART_WORLD } from '../quickstart/defaults.js';
import type { SampleResponse } from './api.js';

export interface SampleScene {
  readonly png: Buffer;
  /** The same small, WebP. */
  readonly thumbnail: Buffer;
  readonly sample: SampleResponse;
}

const NUM_SCENES = 6;
const MIN_OBJECTS = 3;
/** Pixels of a side: twice what the page shows, for screens with fine pixels. */
const THUMBNAIL_SIDE = 88;
/** Those of the quickstart's world, whose test split nothing is trained or chosen on. */
const SCENES = {
  numImages: QUICKSTART_DEFAULTS.numImages,
  seed: QUICKSTART_DEFAULTS.seed,
  maxObjects: QUICKSTART_WORLD.maxObjects,
  questionsPerImage: 5,
} as const;

/** By name, in the order to show them in. */
export async function drawSamples(): Promise<ReadonlyMap<string, SampleScene>> {
  const scenes = new SceneSource(SCENES);
  const asked = Array.from({ length: scenes.numImages.test }, (_, i) => scenes.asked('test', i))
    .filter(({ scene }) => scene.objects.length >= MIN_OBJECTS)
    .slice(0, NUM_SCENES);
  const drawn = asked.map(async ({ scene, questions }, i): Promise<[string, SampleScene]> => {
    const image = renderScene(scene);
    const png = await encodePng(image);
    const thumbnail = await thumbnailOf(png);
    const name = `scene-${i + 1}`;
    const sample: SampleResponse = {
      name,
      width: image.width,
      height: image.height,
      questions: colorsFirst(questions).map(({ sentence, labels }) => ({
        question: sentence,
        expected: labels.map(([answer]) => answer),
      })),
      objects: scene.objects.map(({ color, shape, box }) => ({ name: `${color} ${shape}`, box: [...box] })),
      store: null,
    };
    return [name, { png, thumbnail, sample }];
  });
  return new Map(await Promise.all(drawn));
}

/** A square, WebP. */
export async function thumbnailOf(png: Buffer): Promise<Buffer> {
  return await sharp(png).resize(THUMBNAIL_SIDE, THUMBNAIL_SIDE).webp({ quality: 70 }).toBuffer();
}

/** What a visitor sees first is a question that the picture answers at a glance. */
function colorsFirst(questions: readonly SampleQuestion[]): SampleQuestion[] {
  const [colors, others] = [true, false].map((is) =>
    questions.filter(({ kind }) => (kind === 'color') === is),
  );
  return [...(colors ?? []), ...(others ?? [])];
}
