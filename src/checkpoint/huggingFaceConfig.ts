/** @file The config.json that Hugging Face's loader wants beside the weights. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { writeFileAtomic } from '../common/atomicFile.js';
import { UsageError } from '../common/errors.js';
import type { CheckpointFile } from './checkpointFile.js';
import { type GivenSettings, type ModelSettings, modelSettings } from './modelSettings.js';
import { modelKind, modelSizes, numAnswersOf, usualAttentionHeads } from './modelSizes.js';
import { readStatedConfig } from './statedConfig.js';

const CONFIG = 'config.json';

/** What is written beside the weights. */
export interface WrittenConfig {
  readonly file: string;
  /** `kept`: there was one already, which says the same. `unknown heads`: nothing tells the number of attention heads. */
  readonly outcome: 'written' | 'kept' | 'unknown heads';
  readonly numAttentionHeads: number | undefined;
}

/**
 * What a new config.json is to say, found before anything is written.
 *
 * @returns undefined when nothing tells the number of attention heads
 * @throws UsageError when there is a config.json already that is of another model, and as {@link modelSettings}
 */
export async function settingsForConfig(
  checkpoint: CheckpointFile,
  output: string,
  given: GivenSettings,
): Promise<ModelSettings | undefined> {
  const beside = await readStatedConfig(path.join(path.dirname(checkpoint.path), CONFIG));
  const isOpen = usualAttentionHeads(modelSizes(checkpoint).hiddenSize) === undefined;
  const isTold = given.numAttentionHeads !== undefined || given.configFile !== undefined;
  if (isOpen && !isTold && beside?.untold.numAttentionHeads === undefined) return undefined;
  const settings = await modelSettings(checkpoint, given);
  const file = path.join(path.dirname(output), CONFIG);
  const there = await readStatedConfig(file);
  if (there === undefined) return settings;
  if (there.form === 'run') {
    throw new UsageError(
      `${file} is the configuration of a run, which Hugging Face's loader cannot read, and ${path.basename(output)} needs one of its own beside it. Name an output in another folder.`,
    );
  }
  const { numAttentionHeads } = (await modelSettings(checkpoint, { configFile: file })).config;
  if (numAttentionHeads !== settings.config.numAttentionHeads) {
    throw new UsageError(
      `${file} says ${numAttentionHeads} attention heads, but this model has ${settings.config.numAttentionHeads}: it is another model's. Name an output in another folder.`,
    );
  }
  return settings;
}

/** Writes config.json into the folder of `output`, unless there is one. */
export async function writeHuggingFaceConfig(
  checkpoint: CheckpointFile,
  output: string,
  config: ModelSettings['config'] | undefined,
): Promise<WrittenConfig> {
  const file = path.join(path.dirname(output), CONFIG);
  const numAttentionHeads = config?.numAttentionHeads;
  if (existsSync(file)) return { file, outcome: 'kept', numAttentionHeads };
  if (config === undefined) return { file, outcome: 'unknown heads', numAttentionHeads };
  await writeFileAtomic(file, `${JSON.stringify(huggingFaceConfig(checkpoint, config), null, 2)}\n`);
  return { file, outcome: 'written', numAttentionHeads };
}

/** The configuration by Hugging Face's keys; what nothing tells has the published models' values. */
function huggingFaceConfig(
  checkpoint: CheckpointFile,
  config: ModelSettings['config'],
): Record<string, unknown> {
  const sizes = modelSizes(checkpoint);
  const rowsOf = (name: string): number | undefined => checkpoint.entries.get(name)?.shape[0];
  const numObjects = rowsOf('obj_predict_head.decoder_dict.obj.weight');
  const numAttributes = rowsOf('obj_predict_head.decoder_dict.attr.weight');
  const hasFeatureLoss = checkpoint.entries.has('obj_predict_head.decoder_dict.feat.weight');
  const numAnswers = numAnswersOf(checkpoint);
  return {
    architectures: [huggingFaceClass(checkpoint)],
    model_type: 'lxmert',
    vocab_size: sizes.vocabSize,
    hidden_size: sizes.hiddenSize,
    num_attention_heads: config.numAttentionHeads,
    intermediate_size: sizes.intermediateSize,
    l_layers: sizes.numLanguageLayers,
    x_layers: sizes.numCrossLayers,
    r_layers: sizes.numVisionLayers,
    max_position_embeddings: sizes.maxPositionEmbeddings,
    type_vocab_size: sizes.typeVocabSize,
    visual_feat_dim: sizes.visualFeatureSize,
    visual_pos_dim: sizes.visualBoxSize,
    hidden_act: 'gelu',
    hidden_dropout_prob: config.hiddenDropout ?? 0.1,
    attention_probs_dropout_prob: config.attentionDropout ?? 0.1,
    initializer_range: config.initializerRange ?? 0.02,
    layer_norm_eps: config.layerNormEps ?? 1e-12,
    visual_loss_normalizer: 6.67,
    ...(numAnswers === undefined ? {} : { num_qa_labels: numAnswers }),
    ...(numObjects === undefined ? {} : { num_object_labels: numObjects }),
    ...(numAttributes === undefined ? {} : { num_attr_labels: numAttributes }),
    task_mask_lm: checkpoint.entries.has('cls.predictions.bias'),
    task_matched: checkpoint.entries.has('cls.seq_relationship.weight'),
    task_obj_predict: numObjects !== undefined || numAttributes !== undefined || hasFeatureLoss,
    task_qa: numAnswers !== undefined,
    visual_obj_loss: numObjects !== undefined,
    visual_attr_loss: numAttributes !== undefined,
    visual_feat_loss: hasFeatureLoss,
  };
}

/** The class of transformers that takes these weights; it has none for the pair head of NLVR2. */
export function huggingFaceClass(checkpoint: CheckpointFile): string {
  switch (modelKind(checkpoint)) {
    case 'pre-training':
      return 'LxmertForPreTraining';
    case 'encoder':
    case 'NLVR2':
      return 'LxmertModel';
    default:
      return 'LxmertForQuestionAnswering';
  }
}
