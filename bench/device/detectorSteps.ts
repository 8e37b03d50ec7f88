/** @file The region detector, pictures of one size together, from decoded pixels to regions in this process's memory. */

import path from 'node:path';
import { detectorOperations } from '../../src/bench/detectorOperations.js';
import { medianOf } from '../../src/bench/measure.js';
import { writeRandomDetector } from '../../src/bench/work/randomDetector.js';
import { smallDetector } from '../../src/bench/work/vision.js';
import type { RgbImage } from '../../src/common/rgbImage.js';
import type { Precision } from '../../src/model/index.js';
import type { Device } from '../../src/torch/index.js';
import { BOTTOM_UP_ATTENTION } from '../../src/vision/detector/architecture.js';
import { type PreparedImage, RegionDetector } from '../../src/vision/detector/index.js';
import type { TimedSteps } from './steps.js';

export interface DetectorSettings {
  readonly isSmall: boolean;
  /** For the weights. */
  readonly folder: string;
  readonly batchSize: number;
  readonly precision: Precision;
  readonly device: Device;
  readonly numSteps: number;
  readonly warmUp: number;
}

/** Becomes 600 x 1000 pixels, as the other implementations have it. */
const [WIDTH, HEIGHT] = [1000, 600];
const NUM_PROPOSALS = 300;
/** Pictures that take turns. */
const NUM_PICTURES = 8;

export async function detectorSteps(settings: DetectorSettings): Promise<TimedSteps> {
  const { batchSize, precision, device, numSteps, warmUp } = settings;
  const architecture = settings.isSmall ? smallDetector() : BOTTOM_UP_ATTENTION;
  const file = path.join(settings.folder, 'detector.safetensors');
  await writeRandomDetector(file, architecture);
  using detector = await RegionDetector.load(file, { architecture, precision, device });
  const pictures: PreparedImage[] = [];
  for (let i = 0; i < NUM_PICTURES; i++) pictures.push(detector.prepare(noise(i)));
  const { height, width } = (pictures[0] as PreparedImage).input;
  const seconds: number[] = [];
  for (let step = 0; step < warmUp + numSteps; step++) {
    const batch = Array.from(
      { length: batchSize },
      (_, i) => pictures[(step * batchSize + i) % NUM_PICTURES] as PreparedImage,
    );
    const start = performance.now();
    // What it gives lies in JavaScript's memory, so nothing is under way any more.
    detector.detectBatch(batch);
    if (step >= warmUp) seconds.push((performance.now() - start) / 1000);
  }
  return {
    secondsPerStep: medianOf(seconds),
    operationsPerStep: batchSize * detectorOperations(architecture, height, width, NUM_PROPOSALS),
    usesGraphs: false,
  };
}

function noise(seed: number): RgbImage {
  let state = 1 + seed;
  const data = Uint8Array.from({ length: 3 * WIDTH * HEIGHT }, () => {
    state = (state * 48271) % 2147483647;
    return state & 255;
  });
  return { width: WIDTH, height: HEIGHT, data };
}
