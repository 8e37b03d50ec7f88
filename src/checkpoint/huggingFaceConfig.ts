/** @file The config.json that Hugging Face's loader wants beside the weights. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { writeFileAtomic } from '../common/atomicFile.js';
import type { CheckpointFile } from './checkpointFile.js';
import { modelKind, modelSizes, numAnswersOf, usualAttentionHeads } from './modelSizes.js';

/** What is written beside the weights. */
export interface WrittenConfig {
  readonly file: string;
  /** `kept`: there was one already. `unknown heads`: shapes do not tell the number of attention heads. */
  readonly outcome: 'written' | 'kept' | 'unknown heads';
  readonly numAttentionHeads: number | undefined;
}

/**
 * Writes config.json into the folder of `output`, unless there is one.
 *
 * @param numAttentionHeads without it, heads of 64 values when the hidden size is a multiple of that
 */
export async function writeHuggingFaceConfig(
  checkpoint: CheckpointFile,
  output: string,
  numAttentionHeads: number | undefined,
): Promise<WrittenConfig> {
  const file = path.join(path.dirname(output), 'config.json');
  const heads = numAttentionHeads ?? usualAttentionHeads(modelSizes(checkpoint).hiddenSize);
  if (existsSync(file)) return { file, outcome: 'kept', numAttentionHeads: heads };
  if (heads === undefined) return { file, outcome: 'unknown heads', numAttentionHeads: heads };
  await writeFileAtomic(file, `${JSON.stringify(huggingFaceConfig(checkpoint, heads), null, 2)}\n`);
  return { file, outcome: 'written', numAttentionHeads: heads };
}

/** The configuration by Hugging Face's keys; what weights cannot tell has the published models' values. */
function huggingFaceConfig(checkpoint: CheckpointFile, numAttentionHeads: number): Record<string, unknown> {
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
    num_attention_heads: numAttentionHeads,
    intermediate_size: sizes.intermediateSize,
    l_layers: sizes.numLanguageLayers,
    x_layers: sizes.numCrossLayers,
    r_layers: sizes.numVisionLayers,
    max_position_embeddings: sizes.maxPositionEmbeddings,
    type_vocab_size: sizes.typeVocabSize,
    visual_feat_dim: sizes.visualFeatureSize,
    visual_pos_dim: sizes.visualBoxSize,
    hidden_act: 'gelu',
    hidden_dropout_prob: 0.1,
    attention_probs_dropout_prob: 0.1,
    initializer_range: 0.02,
    layer_norm_eps: 1e-12,
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
