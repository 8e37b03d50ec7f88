/** @file An exported region detector in its folder, as what finds the regions of a photo. */

import { UsageError } from '../common/errors.js';
import { LabelNames, parseNames } from '../vision/detector/labelNames.js';
import { detectorBytes, ExportedDetector } from './detector.js';
import { detectorFieldsOf } from './detectorManifest.js';
import type { ExportedFolder } from './exportedFolder.js';
import { type LoadOptions, readChecked, readManifest } from './loadModel.js';
import { chooseWeights, type DetectorManifest, MANIFEST_FILE } from './manifest.js';
import type { Platform } from './platform.js';
import type { RuntimeRegionFinder } from './regionFinder.js';

/**
 * Loads a detector that `lxmert export onnx` wrote.
 *
 * @param source a folder's path or URL
 * @throws UsageError when there is no such folder, or it is no exported detector, and for a profile of other weights' rules;
 * LxmertError when a file of it is missing, cut, changed or of a newer form
 */
export async function loadDetectorFinder(
  platform: Platform,
  source: string,
  { engine: asked, numThreads, detectorPrecision, profile, minBoxes, maxBoxes, ...options }: LoadOptions = {},
): Promise<RuntimeRegionFinder> {
  options.signal?.throwIfAborted();
  const folder = await platform.openFolder(source, options);
  const manifest = await readManifest(folder);
  if (manifest.kind !== 'detector') {
    throw new UsageError(
      `${folder.name} is an exported model, not a region detector. Name it as the model, and as the detector a folder that lxmert export onnx made of the detector's weights.`,
    );
  }
  const fields = detectorFieldsOf(manifest, `${folder.name}/${MANIFEST_FILE}`);
  const { objects, attributes, numClasses, numAttributes } = fields;
  const names = (file: string | null, expected: number, what: string) =>
    namesOf(platform, folder, manifest, { file, expected, what });
  // The background and "no attribute" have no line.
  const labels = new LabelNames(
    await names(objects, numClasses - 1, 'objects'),
    await names(attributes, numAttributes - 1, 'attributes'),
  );
  const weights = chooseWeights(fields, detectorPrecision, folder.name);
  const { precision } = weights;
  const numBytes = detectorBytes(manifest, weights);
  const engine = await platform.createEngine({ engine: asked, numThreads, weights: { precision, numBytes } });
  const detector = await ExportedDetector.load(folder, manifest, engine, {
    precision,
    profile,
    minBoxes,
    maxBoxes,
    onProgress: options.onProgress,
  });
  if (options.signal?.aborted) {
    await detector.dispose();
    throw options.signal.reason;
  }
  return {
    name: folder.name,
    featureSize: detector.featureSize,
    hasLabels: true,
    names: objects === null && attributes === null ? undefined : labels,
    provenance: detector.provenance,
    requireSize: (width, height) => detector.requireSize(width, height),
    find: async (image, imageId) => ({ imageId, ...(await detector.detect(image)) }),
    dispose: () => detector.dispose(),
  };
}

async function namesOf(
  platform: Platform,
  folder: ExportedFolder,
  { files }: DetectorManifest,
  { file, ...expected }: { readonly file: string | null; readonly expected: number; readonly what: string },
): Promise<readonly string[] | undefined> {
  if (file === null) return undefined;
  const bytes = await readChecked(platform, folder, files, file);
  return parseNames(bytes, { file: `${folder.name}/${file}`, ...expected });
}
