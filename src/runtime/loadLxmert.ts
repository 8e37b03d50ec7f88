/** @file The parts of an answering model from its folder, on any platform. */

import { loadDetectorFinder } from './detectorFinder.js';
import { type LoadOptions, loadModel } from './loadModel.js';
import type { LxmertParts } from './lxmertRuntime.js';
import type { Platform } from './platform.js';
import { finderOfManifest } from './regionFinder.js';

/** @throws as {@link loadModel} and {@link loadDetectorFinder} */
export async function loadParts(
  platform: Platform,
  source: string,
  options: LoadOptions = {},
): Promise<LxmertParts> {
  const model = await loadModel(platform, source, options);
  const { detector } = options;
  if (detector === undefined) return { platform, model, finder: finderOfManifest(model.manifest), options };
  try {
    return { platform, model, finder: await loadDetectorFinder(platform, detector, options), options };
  } catch (error) {
    await model.session.dispose();
    throw error;
  }
}
