/** @file The manifest of an exported folder, lxmert.json: what is in the folder, what the graph gives, how to read it. */

import { z } from 'zod';
import { LxmertError } from '../common/errors.js';
import { excerptOfJson } from '../common/excerpt.js';
import { findSchemaProblem } from '../common/schemaWords.js';
import { provenanceSchema } from '../features/portable.js';
import { MANIFEST_FILE, MANIFEST_FORMAT } from '../formats/exportedManifest.js';

export { MANIFEST_FILE, MANIFEST_FORMAT };
/** Of the form that is read and written here. */
export const MANIFEST_VERSION = 1;

export const PRECISIONS = ['float32', 'float16', 'int8'] as const;
/** Format of the weights; inputs and outputs are float32 and int64 in each. */
export type WeightsPrecision = (typeof PRECISIONS)[number];

/** Which weights are read where nobody names a precision, the first that are there. */
const PREFERENCE: readonly WeightsPrecision[] = ['float32', 'int8', 'float16'];

export const GRAPH_OUTPUTS = ['answers', 'attentions', 'pooled', 'matching'] as const;
/** A group of the graph's outputs. */
export type GraphOutput = (typeof GRAPH_OUTPUTS)[number];

/** Paths lead to files of the folder, and nowhere else, on every system and in every URL. */
export const innerPath = z
  .string()
  .max(200)
  .regex(
    /^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/,
    'expected the path of a file within the folder, such as "onnx/model.onnx"',
  );

const count = z.int().min(0).max(1_000_000_000);
const size = z.int().min(1).max(1_000_000_000);
const graphName = z.string().min(1).max(200);

const weightsSchema = z.object({
  precision: z.enum(PRECISIONS),
  file: innerPath,
  /** Tensors that the file leaves to another one beside it. */
  externalData: innerPath.nullable(),
});

const fileSchema = z.object({
  numBytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits'),
});

const common = {
  format: z.literal(MANIFEST_FORMAT),
  version: z.literal(MANIFEST_VERSION),
  /** Program and version that wrote the folder. */
  createdBy: z.string().max(1000),
  /** For a person; null where nobody wrote one. */
  description: z
    .object({ text: z.string().max(10_000), scores: z.record(z.string().max(200), z.number()) })
    .partial()
    .nullable()
    .default(null),
  /** Every file of the folder but the manifest itself, by its path. */
  files: z.record(z.string().max(500), fileSchema),
};

const modelSchema = z.object({
  ...common,
  kind: z.literal('model'),
  /** The name of the task that its heads are of; null where nothing says. */
  task: z.string().min(1).max(200).nullable(),
  imagesPerExample: z.union([z.literal(1), z.literal(2)]),
  heads: z.object({
    answers: z
      .object({
        output: graphName,
        num: size,
        probabilities: z.enum(['sigmoid', 'softmax']),
        table: innerPath,
      })
      .nullable(),
    matching: z.object({ output: graphName }).nullable(),
    /** VizWiz: whether the picture answers the question, one logit. */
    answerability: z.object({ output: graphName, probabilities: z.enum(['sigmoid', 'softmax']) }).nullish(),
  }),
  outputs: z.array(z.enum(GRAPH_OUTPUTS)).max(GRAPH_OUTPUTS.length),
  text: z.object({ vocabulary: innerPath, maxLength: z.int().min(2).max(100_000), lowerCase: z.boolean() }),
  model: z.object({
    visualFeatureSize: size,
    hiddenSize: size,
    numAttentionHeads: size,
    numLanguageLayers: count,
    numVisionLayers: count,
    numCrossLayers: count,
  }),
  regions: z.object({
    /** How regions are made of pixels; null for a model that reads a detector's. */
    pixelRegions: z
      .object({ numBoxes: z.int().min(1).max(1000), grid: z.int().min(4).max(16).optional() })
      .nullable(),
    /** The detector whose features the model was trained on; null where nothing says. */
    provenance: provenanceSchema.nullable(),
    objects: innerPath.nullable(),
    attributes: innerPath.nullable(),
  }),
  weights: z.array(weightsSchema).min(1).max(PRECISIONS.length),
  /** Of the names and values of the model's parameters: whether another precision is of the same model. */
  parametersSha256: z.string().max(64).nullable().default(null),
});

const detectorSchema = z.object({
  ...common,
  kind: z.literal('detector'),
  /** The detector's own fields, read by whoever runs it. */
  detector: z.record(z.string(), z.unknown()),
});

export type ModelManifest = z.output<typeof modelSchema>;
export type DetectorManifest = z.output<typeof detectorSchema>;
export type Manifest = ModelManifest | DetectorManifest;
/** One of a model's files of weights. */
export type ManifestWeights = ModelManifest['weights'][number];

/**
 * Reads a manifest from its file's text.
 *
 * @param file its path, for messages
 * @throws LxmertError for what is no manifest, one of a newer form, and one with a field that is not as it should be
 */
export function parseManifest(text: string, file: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new LxmertError(
      `${file} is not valid JSON, so it is no manifest of an exported model, or was cut short. Export the model again.`,
      { cause },
    );
  }
  const { format, version, kind } = Object(value) as Record<string, unknown>;
  if (format !== MANIFEST_FORMAT) {
    throw new LxmertError(
      `${file} is no manifest of an exported model: its 'format' should be "${MANIFEST_FORMAT}"; found ${excerptOfJson(format)}. Name a folder that lxmert export onnx wrote.`,
    );
  }
  if (typeof version === 'number' && version > MANIFEST_VERSION) {
    throw new LxmertError(
      `${file} is of version ${version}, written by a newer lxmert; this one reads version ${MANIFEST_VERSION}. Update lxmert (npm install lxmert@latest), or export the model with this version.`,
    );
  }
  const schema = kind === 'detector' ? detectorSchema : modelSchema;
  const problem = findSchemaProblem(schema, value);
  if (problem !== undefined) {
    throw new LxmertError(`${file} is damaged: ${problem}. Export the model again.`);
  }
  const manifest = schema.parse(value);
  requireListed(manifest, file);
  return manifest;
}

/** @throws LxmertError for a file that is named but has no size and checksum */
function requireListed(manifest: Manifest, file: string): void {
  const missing = namedFiles(manifest).find((path) => !Object.hasOwn(manifest.files, path));
  if (missing === undefined) return;
  throw new LxmertError(
    `${file} is damaged: it names ${missing}, but its 'files' do not list it with size and checksum. Export the model again.`,
  );
}

/** Files that a model's manifest names by themselves. */
function namedFiles(manifest: Manifest): readonly string[] {
  if (manifest.kind === 'detector') return [];
  const { text, heads, regions, weights } = manifest;
  return [
    text.vocabulary,
    heads.answers?.table,
    regions.objects,
    regions.attributes,
    ...weights.flatMap(({ file, externalData }) => [file, externalData]),
  ].filter((path) => typeof path === 'string');
}

/**
 * The weights to read.
 *
 * @param precision what was asked for; undefined: float32, else int8, else float16
 * @throws LxmertError when the folder has none of the precision
 */
export function chooseWeights<Weights extends { readonly precision: WeightsPrecision }>(
  { weights }: { readonly weights: readonly Weights[] },
  precision: WeightsPrecision | undefined,
  folder: string,
): Weights {
  const wanted = precision === undefined ? PREFERENCE : [precision];
  const found = wanted
    .map((each) => weights.find((entry) => entry.precision === each))
    .find((entry) => entry !== undefined);
  if (found !== undefined) return found;
  throw new LxmertError(
    `${folder} has no ${precision} weights; it has ${weights.map((entry) => entry.precision).join(' and ')}. Name one of these, or add the other with lxmert export onnx --precision ${precision}.`,
  );
}
