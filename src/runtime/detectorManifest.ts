/** @file What the manifest of an exported region detector says of it: whose weights, by whose rules, in which files. */

import { z } from 'zod';
import { LxmertError } from '../common/errors.js';
import { findSchemaProblem } from '../common/schemaWords.js';
import { type DetectorManifest, innerPath } from './manifest.js';

/** float32 arithmetic in both; the weights of the second lie as float16. */
export const DETECTOR_PRECISIONS = ['float32', 'float16'] as const;
export type ExportedDetectorPrecision = (typeof DETECTOR_PRECISIONS)[number];

const size = z.int().min(1).max(1_000_000);
const side = z.number().positive().max(10_000);

const fieldsSchema = z.object({
  /** Whose weights they were, which says by whose rules regions are found. */
  family: z.enum(['caffe', 'detectron2', 'huggingface']),
  /** Of the file that they came from; features of either engine say it. */
  weightsSha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits'),
  anchors: z.object({
    stride: size,
    ratios: z.array(side).min(1).max(100),
    scales: z.array(side).min(1).max(100),
  }),
  featureSize: size,
  /** The background and "no attribute" included. */
  numClasses: size,
  numAttributes: size,
  /** Files of names, where they are known. */
  objects: innerPath.nullable(),
  attributes: innerPath.nullable(),
  weights: z
    .array(z.object({ precision: z.enum(DETECTOR_PRECISIONS), backbone: innerPath, regionHead: innerPath }))
    .min(1)
    .max(DETECTOR_PRECISIONS.length),
});

export type DetectorFields = z.output<typeof fieldsSchema>;

/**
 * The manifest's own fields of a detector.
 *
 * @param file the manifest, for messages
 * @throws LxmertError when one is not as it should be, or names a file without size and checksum
 */
export function detectorFieldsOf({ detector, files }: DetectorManifest, file: string): DetectorFields {
  const problem = findSchemaProblem(fieldsSchema, detector);
  if (problem !== undefined) {
    throw new LxmertError(`${file} is damaged: in 'detector', ${problem}. Export the detector again.`);
  }
  const fields = fieldsSchema.parse(detector);
  const named = [
    fields.objects,
    fields.attributes,
    ...fields.weights.flatMap(({ backbone, regionHead }) => [backbone, regionHead]),
  ];
  const missing = named.find((path) => path !== null && !Object.hasOwn(files, path));
  if (missing === undefined) return fields;
  throw new LxmertError(
    `${file} is damaged: it names ${missing}, but its 'files' do not list it with size and checksum. Export the detector again.`,
  );
}
