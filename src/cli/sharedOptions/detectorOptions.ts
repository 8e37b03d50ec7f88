/** @file Options of commands that run the region detector on pictures. */

import { z } from 'zod';
import type { Device } from '../../torch/index.js';
import { DETECTOR_PROFILES, RegionDetector } from '../../vision/detector/index.js';
import { detectorPath, existingFile, weightsFile } from '../options.js';
import { PIXELS } from './pixelOptions.js';

const profileNames = DETECTOR_PROFILES.map(({ name }) => name) as [string, ...string[]];

const profile = z
  .enum(profileNames)
  .optional()
  .describe('Rules by which regions are found and kept [default: those of the weights, 36 regions]');
const minBoxes = z.int().min(1).max(300).optional().describe("Fewest regions [default: the profile's]");
const maxBoxes = z.int().min(1).max(300).optional().describe("Most regions [default: the profile's]");
const weights = "weights: .caffemodel, a port's .pkl or .bin, or converted .safetensors";
const precision = z
  .enum(['float32', 'bfloat16', 'float16'])
  .default('float32')
  .describe(
    "Format of the detector's last stage, on a GPU of all its stages, where float16 is possible too; bfloat16 in the last stage moves features by under one percent",
  );

/** For commands that do nothing without a detector. */
export const detectorOptions = {
  detector: weightsFile(PIXELS).describe(
    `The detector's ${weights}; or its name on the hub; or ${PIXELS}: regions from pixels alone, without weights`,
  ),
  profile,
  minBoxes,
  maxBoxes,
  precision,
};

/** For commands that detect regions for a model, whose own precision has the short name. */
export const detectionOptions = {
  detector: detectorPath()
    .optional()
    .describe(
      `To find regions in photos: the detector's ${weights}; its name on the hub; for an exported model an exported folder`,
    ),
  profile,
  minBoxes,
  maxBoxes,
  detectorPrecision: precision,
  objectNames: existingFile()
    .optional()
    .describe(
      "Names of objects [default: objects_vocab.txt beside the detector or the features, else Visual Genome's]",
    ),
  attributeNames: existingFile()
    .optional()
    .describe(
      "Names of attributes [default: attributes_vocab.txt beside the detector or the features, else Visual Genome's]",
    ),
};

/** The detector that {@link detectorOptions} name, on a device; says what was loaded. */
export async function loadDetectorOf(
  options: z.output<z.ZodObject<typeof detectorOptions>>,
  notice: (line: string) => void,
  device: Device = 'cpu',
): Promise<RegionDetector> {
  const profile = DETECTOR_PROFILES.find(({ name }) => name === options.profile);
  const detector = await RegionDetector.load(options.detector, {
    device,
    precision: options.precision,
    ...(profile === undefined ? {} : { profile }),
    ...(options.minBoxes === undefined ? {} : { minBoxes: options.minBoxes }),
    ...(options.maxBoxes === undefined ? {} : { maxBoxes: options.maxBoxes }),
  });
  const { report, profile: rules } = detector;
  const origin = report.isConverted ? `${report.family}, converted` : report.family;
  const unused = report.ignored.length > 0 ? `, ${report.ignored.length} others not used` : '';
  notice(
    `Detector: ${report.numWanted} tensors of ${options.detector} (${origin}${unused}); profile ${rules.name}, ${options.precision}${device === 'cpu' ? '' : ` on ${detector.device}`}.`,
  );
  return detector;
}
