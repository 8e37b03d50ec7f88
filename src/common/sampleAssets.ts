/** @file The small trained model and the scenes that come with the package: scripts/make-sample-model.mjs makes them. */

import path from 'node:path';
import { packageRoot } from './version.js';

export const NUM_SAMPLE_SCENES = 6;

/** In the folder of a quickstart: what it was begun with. Beside it lies the run, once there is one. */
export const QUICKSTART_STATE = 'quickstart.json';

/** The exported folder of the model. */
export function sampleModelFolder(): string {
  return path.join(packageRoot(), 'assets/sample-model');
}

/** @param number of a scene, from 1 to {@link NUM_SAMPLE_SCENES} @returns its picture, a PNG file */
export function sampleSceneFile(number: number): string {
  return path.join(packageRoot(), 'assets/sample-scenes', `scene-${number}.png`);
}
