/** @file The parts of an answering model from its folder, on any platform. */

import { type LoadOptions, loadModel } from './loadModel.js';
import type { LxmertParts } from './lxmertRuntime.js';
import type { Platform } from './platform.js';
import { finderOfManifest } from './regionFinder.js';

/** @throws as {@link loadModel} */
export async function loadParts(
  platform: Platform,
  source: string,
  options: LoadOptions = {},
): Promise<LxmertParts> {
  const model = await loadModel(platform, source, options);
  return { platform, model, finder: finderOfManifest(model.manifest), options };
}
