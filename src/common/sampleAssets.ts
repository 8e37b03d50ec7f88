/** @file The small trained model and the scenes that come with the package: scripts/make-sample-model.mjs makes them. */

import { existsSync } from 'node:fs';
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

/** @returns the folder of the quickstart that a path lies in, as its run does */
export function quickstartAround(file: string): string | undefined {
  const folder = path.dirname(file);
  return existsSync(path.join(folder, QUICKSTART_STATE)) ? folder : undefined;
}
