/** @file The scenes of a world by split and number: drawn from the seed alone, so that each can be drawn again. */

import { Random } from '../../common/random.js';
import {
  askQuestions,
  QUESTION_KINDS,
  type QuestionKind,
  type SampleQuestion,
  type Words,
} from './askQuestions.js';
import {
  DEFAULT_NUM_COLORS,
  DEFAULT_NUM_SHAPES,
  SAMPLE_COLORS,
  SAMPLE_SHAPES,
  SAMPLE_SIZES,
  type SampleShape,
} from './palette.js';
import { type ColorShape, drawScene, type Scene, type SceneRules } from './scene.js';

/** The splits and their shares of the images. */
export const SAMPLE_SPLITS = { train: 0.8, minival: 0.1, heldout: 0.05, test: 0.05 } as const;
export type SampleSplit = keyof typeof SAMPLE_SPLITS;

export interface SceneSourceOptions {
  readonly numImages: number;
  readonly seed: number;
  readonly questionsPerImage?: number | undefined;
  /** Five when left out, as COCO has for most pictures. */
  readonly captionsPerImage?: number | undefined;
  readonly numColors?: number | undefined;
  readonly numShapes?: number | undefined;
  readonly maxObjects?: number | undefined;
  readonly kinds?: readonly QuestionKind[] | undefined;
  /** Side of a picture in pixels. */
  readonly imageSize?: number | undefined;
}

/** Share of the color-shape pairs that training never shows. */
const HELD_OUT_SHARE = 0.1;

/**
 * Draws scenes by split and number. A scene depends on the seed and its own name only, so that whoever needs it later
 * draws it again (tens of microseconds) and nobody has to keep all of them in memory.
 */
export class SceneSource {
  readonly seed: number;
  readonly numImages: Readonly<Record<SampleSplit, number>>;
  readonly questionsPerImage: number;
  readonly captionsPerImage: number;
  /** Color-shape pairs that only the held-out split shows. */
  readonly heldOutPairs: readonly ColorShape[];
  readonly #seenPairs: readonly ColorShape[];
  readonly #colors: readonly string[];
  readonly #shapes: readonly SampleShape[];
  readonly #options: SceneSourceOptions;

  constructor(options: SceneSourceOptions) {
    this.#options = options;
    this.seed = options.seed;
    this.numImages = splitCounts(options.numImages);
    this.questionsPerImage = options.questionsPerImage ?? 10;
    this.captionsPerImage = options.captionsPerImage ?? 5;
    this.#colors = SAMPLE_COLORS.slice(0, options.numColors ?? DEFAULT_NUM_COLORS).map((color) => color.name);
    this.#shapes = SAMPLE_SHAPES.slice(0, options.numShapes ?? DEFAULT_NUM_SHAPES);
    const { seen, heldOut } = splitPairs(this.#colors, this.#shapes, options.seed);
    this.#seenPairs = seen;
    this.heldOutPairs = heldOut;
  }

  imageId(split: SampleSplit, index: number): string {
    return `sample_${split}_${String(index).padStart(6, '0')}`;
  }

  /** What can be asked about in a split. */
  words(split: SampleSplit): Words {
    return { colors: this.#colors, shapes: this.#shapes, pairs: this.#rules(split).pairs };
  }

  scene(split: SampleSplit, index: number): Scene {
    const imageId = this.imageId(split, index);
    return drawScene(imageId, this.#rules(split), Random.derive(this.seed, imageId));
  }

  /** A scene with its VQA questions. */
  asked(split: SampleSplit, index: number): { scene: Scene; questions: SampleQuestion[] } {
    const imageId = this.imageId(split, index);
    const random = Random.derive(this.seed, imageId);
    const scene = drawScene(imageId, this.#rules(split), random);
    const kinds = this.#options.kinds ?? QUESTION_KINDS;
    return {
      scene,
      questions: askQuestions(scene, this.words(split), kinds, this.questionsPerImage, random),
    };
  }

  #rules(split: SampleSplit): SceneRules {
    const { imageSize = 128, maxObjects = 5 } = this.#options;
    return {
      width: imageSize,
      height: imageSize,
      minObjects: 2,
      maxObjects,
      sizes: SAMPLE_SIZES,
      pairs: split === 'heldout' ? [...this.#seenPairs, ...this.heldOutPairs] : this.#seenPairs,
      ...(split === 'heldout' ? { favouredPairs: this.heldOutPairs } : {}),
      repeatChance: 0.4,
    };
  }
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
