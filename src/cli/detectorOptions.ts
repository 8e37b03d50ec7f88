/** @file Options of commands that look at pictures with the region detector. */

import { z } from 'zod';
import { DETECTOR_PROFILES, RegionDetector } from '../vision/detector/index.js';
import { existingFile } from './options.js';

const profileNames = DETECTOR_PROFILES.map(({ name }) => name) as [string, ...string[]];

export const detectorOptions = {
  detector: existingFile().describe(
    "The detector's weights: .caffemodel, a port's .pkl or .bin, or converted .safetensors",
  ),
  profile: z
    .enum(profileNames)
    .optional()
    .describe('Rules by which regions are found and kept [default: those of the weights, 36 regions]'),
  minBoxes: z.int().min(1).max(300).optional().describe("Fewest regions [default: the profile's]"),
  maxBoxes: z.int().min(1).max(300).optional().describe("Most regions [default: the profile's]"),
  precision: z
    .enum(['float32', 'bfloat16'])
    .default('float32')
    .describe('Format of the convolutions; bfloat16 moves features by under one percent'),
};

/** The detector that {@link detectorOptions} name. */
export async function loadDetectorOf(
  options: z.output<z.ZodObject<typeof detectorOptions>>,
): Promise<RegionDetector> {
  const profile = DETECTOR_PROFILES.find(({ name }) => name === options.profile);
  return await RegionDetector.load(options.detector, {
    precision: options.precision,
    ...(profile === undefined ? {} : { profile }),
    ...(options.minBoxes === undefined ? {} : { minBoxes: options.minBoxes }),
    ...(options.maxBoxes === undefined ? {} : { maxBoxes: options.maxBoxes }),
  });
}
