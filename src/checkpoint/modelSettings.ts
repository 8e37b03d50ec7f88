/** @file Everything that computing a file's model needs: what tensors tell, and what a config.json or a person says. */

import path from 'node:path';
import { UsageError } from '../common/errors.js';
import type { ModelSizes } from './architecture.js';
import { CheckpointError } from './checkpointError.js';
import type { CheckpointFile } from './checkpointFile.js';
import { bertSizes, modelSizes, numAnswersOf, regionClassesOf, usualAttentionHeads } from './modelSizes.js';
import { readStatedConfig, type StatedConfig, type StatedSize, type UntoldSettings } from './statedConfig.js';

/** What a person says of weights. */
export interface GivenSettings {
  readonly numAttentionHeads?: number | undefined;
  /** A config.json that is not the one beside the weights. */
  readonly configFile?: string | undefined;
}

/** Where the number of attention heads comes from, which a wrong one would not show. */
export type HeadsSource = 'given' | 'config' | 'published sizes' | 'assumed';

export interface ModelSettings<Sizes = ModelSizes> {
  /** Sizes and the settings that are known, by the names of the model's configuration. */
  readonly config: Sizes & Partial<UntoldSettings> & Pick<UntoldSettings, 'numAttentionHeads'>;
  readonly headsFrom: HeadsSource;
  /** The config.json that was read; undefined when there is none that says anything of the model. */
  readonly stated: StatedConfig | undefined;
  /** Sentences for a person about what was assumed, or is unusual. */
  readonly notes: readonly string[];
}

/** The hidden size of the published models, all of which have 12 heads. */
const PUBLISHED_HIDDEN_SIZE = 768;

/** What the published code computes with, and transformers whatever its configuration says. */
const PUBLISHED_LAYER_NORM_EPS = 1e-12;

const VALUES_OF_A_BOX = 4;

/**
 * The settings of an LXMERT in a file.
 *
 * @throws CheckpointError for a file of another model, UsageError for a config.json that contradicts the tensors or describes
 * a model that this program does not compute, and when nothing tells the number of attention heads
 */
export async function modelSettings(
  checkpoint: CheckpointFile,
  given: GivenSettings = {},
): Promise<ModelSettings> {
  const sizes = modelSizes(checkpoint);
  if (sizes.visualBoxSize !== VALUES_OF_A_BOX) {
    throw new CheckpointError(
      checkpoint.path,
      `its model reads ${sizes.visualBoxSize} values for each box, and this program gives ${VALUES_OF_A_BOX}: x1, y1, x2 and y2 as shares of the picture.`,
    );
  }
  return await settingsOf(checkpoint, sizes, given);
}

/** The same for a BERT, whose sizes are only those that an LXMERT takes over. */
export async function bertSettings(
  checkpoint: CheckpointFile,
  given: GivenSettings = {},
): Promise<ModelSettings<ReturnType<typeof bertSizes>>> {
  return await settingsOf(checkpoint, bertSizes(checkpoint), given);
}

async function settingsOf<Sizes extends Partial<ModelSizes> & Pick<ModelSizes, 'hiddenSize'>>(
  checkpoint: CheckpointFile,
  sizes: Sizes,
  { numAttentionHeads, configFile }: GivenSettings = {},
): Promise<ModelSettings<Sizes>> {
  const stated = await statedConfigOf(checkpoint, configFile);
  if (stated !== undefined) refuseContradictions(checkpoint, sizes, stated);
  const { hiddenSize } = sizes;
  const ofConfig = stated?.untold.numAttentionHeads;
  const heads = numAttentionHeads ?? ofConfig ?? usualAttentionHeads(hiddenSize);
  if (heads === undefined) {
    throw new UsageError(
      `${checkpoint.path}: weights do not tell the number of attention heads, and a hidden size of ${hiddenSize} leaves it open. Name it with --attention-heads, or put the model's config.json beside the weights.`,
    );
  }
  if (hiddenSize % heads !== 0) {
    const source = numAttentionHeads === undefined ? (stated?.file ?? '') : '--attention-heads';
    throw new UsageError(
      `${source} says ${heads} attention heads, but the tensors of ${checkpoint.path} have a hidden size of ${hiddenSize}, which is no multiple of that.`,
    );
  }
  const headsFrom: HeadsSource =
    numAttentionHeads !== undefined
      ? 'given'
      : ofConfig !== undefined
        ? 'config'
        : hiddenSize === PUBLISHED_HIDDEN_SIZE
          ? 'published sizes'
          : 'assumed';
  const config = { ...stated?.untold, ...sizes, numAttentionHeads: heads };
  return { config, headsFrom, stated, notes: notesOn(checkpoint, { heads, headsFrom, hiddenSize, stated }) };
}

async function statedConfigOf(
  checkpoint: CheckpointFile,
  configFile: string | undefined,
): Promise<StatedConfig | undefined> {
  if (configFile === undefined) {
    return await readStatedConfig(path.join(path.dirname(checkpoint.path), 'config.json'));
  }
  const stated = await readStatedConfig(configFile);
  if (stated !== undefined) return stated;
  throw new UsageError(
    `${configFile} says nothing of a model: expected a config.json of Hugging Face (with num_attention_heads) or of a run.`,
  );
}

/** @throws UsageError naming both when a configuration is not of the model whose tensors these are */
function refuseContradictions(
  checkpoint: CheckpointFile,
  sizes: Partial<ModelSizes>,
  { file, sizes: statedSizes }: StatedConfig,
): void {
  const classes = regionClassesOf(checkpoint);
  const known: Partial<Record<StatedSize['size'], number | undefined>> = {
    ...sizes,
    numAnswers: numAnswersOf(checkpoint),
    numObjects: classes?.numObjects,
    numAttributes: classes?.numAttributes,
  };
  for (const { key, size, value } of statedSizes) {
    const found = known[size];
    if (found === undefined || found === value) continue;
    throw new UsageError(
      `${file} says ${key} ${value}, but the tensors of ${checkpoint.path} say ${found}: they are not of one model. Name the weights' own config.json with --model-config, or keep the weights in a folder without another's.`,
    );
  }
}

function notesOn(
  { path: file }: CheckpointFile,
  {
    heads,
    headsFrom,
    hiddenSize,
    stated,
  }: {
    readonly heads: number;
    readonly headsFrom: HeadsSource;
    readonly hiddenSize: number;
    readonly stated: StatedConfig | undefined;
  },
): string[] {
  const notes: string[] = [];
  const ofConfig = stated?.untold.numAttentionHeads;
  const eps = stated?.untold.layerNormEps;
  if (headsFrom === 'assumed') {
    notes.push(
      `${file}: nothing tells the number of attention heads; ${heads} ${heads === 1 ? 'is' : 'are'} assumed, of 64 values each as in the published models. Another number gives other answers without an error: name it with --attention-heads, or put the model's config.json beside the weights.`,
    );
  } else if (headsFrom === 'given' && ofConfig !== undefined && ofConfig !== heads) {
    notes.push(
      `${file}: ${heads} attention heads are used as --attention-heads says; ${stated?.file} says ${ofConfig}.`,
    );
  } else if (
    // A run's own configuration is what its weights were made with.
    headsFrom === 'config' &&
    stated?.form === 'huggingface' &&
    heads !== usualAttentionHeads(hiddenSize)
  ) {
    notes.push(`${file}: ${heads} attention heads, as ${stated?.file} says.`);
  }
  if (stated?.form === 'huggingface' && eps !== undefined && eps !== PUBLISHED_LAYER_NORM_EPS) {
    notes.push(
      `${stated.file} says layer_norm_eps ${eps}, which is used; transformers' own LXMERT computes with ${PUBLISHED_LAYER_NORM_EPS} whatever it says.`,
    );
  }
  return notes;
}
