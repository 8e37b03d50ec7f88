/** @file config.json of a run folder: what is written when a run begins, and how every reader of it reads it. */

import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { LxmertError, unreadable } from '../common/errors.js';
import { version } from '../common/version.js';
import { provenanceSchema } from '../features/files.js';
import { describeJsonFault } from '../formats/jsonFault.js';
import type { LxmertConfig } from '../model/index.js';
import { LOSS_NAMES, type TaskTraining } from '../tasks/index.js';
import { LOSS_KEYS } from '../tasks/pretraining/index.js';
import { runtimeLine } from '../torch/index.js';

const weight = z.number().min(0);

/** Settings that readers know; a run keeps all it has. */
const settingsSchema = z.looseObject({
  numEpochs: z.int().min(0).optional(),
  /** Of a task with a head that chooses an answer. */
  loss: z.enum(LOSS_NAMES).optional(),
  /** Of pre-training. */
  qaFromEpoch: z.int().min(0).optional(),
  sampling: z
    .object({ matching: z.boolean(), wordMaskRate: z.number(), regionMaskRate: z.number() })
    .optional(),
  losses: z
    .object({
      weights: z.record(z.enum(LOSS_KEYS), weight),
      onlyMaskedRegions: z.boolean(),
      onlyMatchedWords: z.boolean(),
    })
    .optional(),
});

/** Further keys say what the run was started with, and are kept for whoever repeats it. */
export const runConfigSchema = z.looseObject({
  /** By its name in the registry. */
  task: z.string().optional(),
  /** Sizes; absent for a model that is no LXMERT. */
  model: z.record(z.string(), z.number()).optional(),
  /** Word pieces of a sentence, [CLS] and [SEP] included. */
  maxLength: z.int().min(3),
  settings: settingsSchema.default({}),
  /** What the data is, as numbers that change when it does. */
  data: z.record(z.string(), z.number()).default({}),
  /** SHA-256 of what the data holds, by part; absent in runs of versions before 0.2.0. */
  hashes: z.record(z.string(), z.string()).optional(),
  madeBy: z.looseObject({ lxmert: z.string() }).optional(),
  /** Present when the run's regions were made from pixels. */
  pixelRegions: z.object({ numBoxes: z.int().min(1), grid: z.int().min(4).max(16).optional() }).optional(),
  /** The feature stores of the run and the detector behind each. */
  features: z.array(z.object({ path: z.string(), provenance: provenanceSchema })).optional(),
});
export type RunConfig = z.output<typeof runConfigSchema>;

/** What config.json holds of a run that begins. */
export function makeRunConfig(run: {
  readonly task: Pick<TaskTraining, 'name' | 'data'>;
  readonly model: LxmertConfig | undefined;
  readonly hashes: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, unknown>> & { readonly maxLength: number };
  /** What the run was started with. */
  readonly provenance: Readonly<Record<string, unknown>> | undefined;
}): Record<string, unknown> {
  return {
    task: run.task.name,
    ...(run.model !== undefined && { model: run.model }),
    maxLength: run.settings.maxLength,
    settings: run.settings,
    data: run.task.data,
    hashes: run.hashes,
    madeBy: { lxmert: version(), node: process.versions.node, runtime: runtimeLine() },
    ...run.provenance,
  };
}

/** @throws LxmertError when it is not the configuration of a run */
export async function readRunConfig(file: string): Promise<RunConfig> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw unreadable(file, error);
  });
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new LxmertError(
      `${file} is not the configuration of a run, since it is not valid JSON: ${describeJsonFault(text)}.`,
    );
  }
  const parsed = runConfigSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new LxmertError(
    `${file} is not the configuration of a run: '${issue?.path.join('.')}' is not as a run writes it. Name the folder that --output of a training named, or a weights file.`,
  );
}

/** What can be read of a configuration that may be damaged: the parts that are as a run writes them. */
export function readableParts(config: Readonly<Record<string, unknown>>): Partial<RunConfig> {
  return partsOf(runConfigSchema, config) as Partial<RunConfig>;
}

function partsOf(schema: z.ZodObject, value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const parts: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(schema.shape)) {
    const found = value[key];
    const inner = field instanceof z.ZodDefault ? field.unwrap() : field;
    const parsed = (field as z.ZodType).safeParse(found);
    if (parsed.success) parts[key] = parsed.data;
    else if (inner instanceof z.ZodObject && typeof found === 'object' && found !== null) {
      parts[key] = partsOf(inner, found as Record<string, unknown>);
    }
  }
  return parts;
}
