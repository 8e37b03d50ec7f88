/** @file Drawing a scene: uneven background, shaded anti-aliased objects, noise. */

import { Random } from '../../common/random.js';
import type { RgbImage } from '../../common/rgbImage.js';
import { rgbOf } from './palette.js';
import type { Scene, SceneObject } from './scene.js';
import { signedDistance } from './shapes.js';

/** Greys that backgrounds take; see {@link SAMPLE_COLORS} for why not lighter or darker. */
const BACKGROUND_RANGE = [122, 148] as const;
/** Most that one channel of a background differs from its grey. */
const BACKGROUND_TINT = 7;
/** Most by which brightness changes from the middle to the border. */
const BACKGROUND_SLOPE = 10;
/** Height of the background's soft waves. */
const WAVE_HEIGHT = 5;
/** Most by which an object's color differs from its palette entry, each channel. */
const COLOR_JITTER = 12;
/** Most by which an object is brighter on one side than in its middle. */
const SHADING = 14;
/** Pixel noise is uniform in -NOISE .. NOISE. */
const NOISE = 5;

/** Draws a scene. The same scene gives the same bytes. */
export function renderScene(scene: Scene): RgbImage {
  const { width, height } = scene;
  const random = new Random(scene.textureSeed);
  const canvas = new Float32Array(width * height * 3);
  drawBackground(canvas, width, height, random);
  for (const object of scene.objects) drawObject(canvas, width, height, object, random);
  return { width, height, data: addNoise(canvas, random) };
}

function drawBackground(canvas: Float32Array, width: number, height: number, random: Random): void {
  const grey = between(random, ...BACKGROUND_RANGE);
  const tint = [0, 1, 2].map(() => between(random, -BACKGROUND_TINT, BACKGROUND_TINT));
  const slopeX = between(random, -BACKGROUND_SLOPE, BACKGROUND_SLOPE);
  const slopeY = between(random, -BACKGROUND_SLOPE, BACKGROUND_SLOPE);
  const waves = [0, 1, 2].map(() => ({
    x: between(random, -4, 4) * Math.PI,
    y: between(random, -4, 4) * Math.PI,
    phase: between(random, 0, 2 * Math.PI),
  }));
  for (let y = 0, i = 0; y < height; y++) {
    const v = y / height - 0.5;
    for (let x = 0; x < width; x++, i += 3) {
      const u = x / width - 0.5;
      let value = grey + slopeX * u + slopeY * v;
      for (const wave of waves) value += (WAVE_HEIGHT / 3) * Math.sin(wave.x * u + wave.y * v + wave.phase);
      for (let c = 0; c < 3; c++) canvas[i + c] = value + (tint[c] as number);
    }
  }
}

function drawObject(
  canvas: Float32Array,
  width: number,
  height: number,
  object: SceneObject,
  random: Random,
): void {
  const rgb = rgbOf(object.color).map((value) => value + between(random, -COLOR_JITTER, COLOR_JITTER));
  const direction = between(random, 0, 2 * Math.PI);
  const shadeX = (SHADING * Math.cos(direction)) / object.radius;
  const shadeY = (SHADING * Math.sin(direction)) / object.radius;
  const [x1, y1, x2, y2] = object.box;
  for (let y = Math.max(0, Math.floor(y1) - 1); y < Math.min(height, Math.ceil(y2) + 1); y++) {
    for (let x = Math.max(0, Math.floor(x1) - 1); x < Math.min(width, Math.ceil(x2) + 1); x++) {
      // Pixel centers lie half a pixel in.
      const dx = x + 0.5 - object.centerX;
      const dy = y + 0.5 - object.centerY;
      const distance = signedDistance(object.shape, object.radius, object.rotation, dx, dy);
      // The share of the pixel inside the outline, exact for a straight edge along a pixel side.
      const coverage = Math.min(1, Math.max(0, 0.5 - distance));
      if (coverage === 0) continue;
      const shade = dx * shadeX + dy * shadeY;
      const i = (y * width + x) * 3;
      for (let c = 0; c < 3; c++) {
        canvas[i + c] = (canvas[i + c] as number) * (1 - coverage) + ((rgb[c] as number) + shade) * coverage;
      }
    }
  }
}

function addNoise(canvas: Float32Array, random: Random): Uint8Array {
  const data = new Uint8Array(canvas.length);
  const span = 2 * NOISE + 1;
  for (let i = 0; i < canvas.length; i += 3) {
    const bits = random.uint32();
    for (let c = 0; c < 3; c++) {
      // Ten bits a channel: the bias of the remainder is under one percent and of no consequence.
      const noise = (((bits >>> (10 * c)) & 1023) % span) - NOISE;
      data[i + c] = Math.min(255, Math.max(0, Math.round((canvas[i + c] as number) + noise)));
    }
  }
  return data;
}

function between(random: Random, least: number, most: number): number {
  return least + (most - least) * random.uniform();
}
