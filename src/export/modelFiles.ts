/** @file What stands beside a model's graph: configuration, tokenizer, answers, names, and how regions are made. */

import { LABEL_FILES } from '../common/savedFiles.js';
import type { LoadedModel } from '../inference/modelFolder.js';
import type { LxmertConfig } from '../model/index.js';
import { json, tokenizerFiles } from './tokenizerFiles.js';

/** Names of the files that the manifest names. */
export const MODEL_FILES = {
  config: 'config.json',
  preprocessor: 'preprocessor_config.json',
  vocabulary: 'vocab.txt',
  answers: 'answers.json',
  ...LABEL_FILES,
} as const;

export interface LabelTexts {
  /** What is in the file of the detector's object names; undefined where none was named. */
  readonly objects: string | undefined;
  readonly attributes: string | undefined;
}

/** @returns texts by their path in the folder */
export function modelFiles(
  loaded: LoadedModel<string>,
  heads: readonly string[],
  { objects, attributes }: LabelTexts,
): Record<string, string> {
  const { config, imagesPerExample } = modelOf(loaded);
  const answers = heads.includes('answer') ? loaded.answerTable.answers : undefined;
  return {
    [MODEL_FILES.config]: json(
      huggingFaceConfig(config, { answers, hasMatching: heads.includes('match'), imagesPerExample }),
    ),
    [MODEL_FILES.preprocessor]: json(preprocessorConfig(loaded)),
    ...tokenizerFiles(loaded.tokenizer, loaded.maxLength),
    ...(answers === undefined ? {} : { [MODEL_FILES.answers]: `${JSON.stringify(answers)}\n` }),
    ...(objects === undefined ? {} : { [MODEL_FILES.objects]: objects }),
    ...(attributes === undefined ? {} : { [MODEL_FILES.attributes]: attributes }),
  };
}

/** The one model of what was loaded from one source. */
export function modelOf(loaded: LoadedModel<string>): LoadedModel<string>['models'][number] {
  const [model] = loaded.models;
  if (model === undefined) throw new RangeError('No model was loaded.');
  return model;
}

interface Heads {
  readonly answers: readonly string[] | undefined;
  readonly hasMatching: boolean;
  readonly imagesPerExample: number;
}

/** The configuration by Hugging Face's keys; transformers has no class for the pair head of NLVR2. */
function huggingFaceConfig(
  config: LxmertConfig,
  { answers, hasMatching, imagesPerExample }: Heads,
): Record<string, unknown> {
  const answering = answers === undefined ? 'LxmertModel' : 'LxmertForQuestionAnswering';
  const single = hasMatching ? 'LxmertForPreTraining' : answering;
  return {
    architectures: [imagesPerExample === 1 ? single : 'LxmertModel'],
    model_type: 'lxmert',
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    num_attention_heads: config.numAttentionHeads,
    intermediate_size: config.intermediateSize,
    l_layers: config.numLanguageLayers,
    x_layers: config.numCrossLayers,
    r_layers: config.numVisionLayers,
    max_position_embeddings: config.maxPositionEmbeddings,
    type_vocab_size: config.typeVocabSize,
    visual_feat_dim: config.visualFeatureSize,
    visual_pos_dim: config.visualBoxSize,
    hidden_act: 'gelu',
    hidden_dropout_prob: config.hiddenDropout,
    attention_probs_dropout_prob: config.attentionDropout,
    initializer_range: config.initializerRange,
    layer_norm_eps: config.layerNormEps,
    task_qa: answers !== undefined,
    task_matched: hasMatching,
    ...(answers === undefined ? {} : labels(answers)),
  };
}

function labels(answers: readonly string[]): Record<string, unknown> {
  return {
    num_qa_labels: answers.length,
    id2label: Object.fromEntries(answers.map((answer, id) => [id, answer])),
    label2id: Object.fromEntries(answers.map((answer, id) => [answer, id])),
  };
}

/** How a picture becomes what the graph reads. */
function preprocessorConfig(loaded: LoadedModel<string>): Record<string, unknown> {
  const { visualFeatureSize, visualBoxSize } = modelOf(loaded).config;
  return {
    processor_class: 'LxmertRegions',
    visual_feat_dim: visualFeatureSize,
    visual_pos_dim: visualBoxSize,
    box_form: ['x1 / width', 'y1 / height', 'x2 / width', 'y2 / height'],
    pixel_regions: loaded.pixelRegions === undefined ? null : { num_boxes: loaded.pixelRegions.numBoxes },
    detector: loaded.trainedOn?.detector ?? null,
    detector_settings: loaded.trainedOn?.settings ?? null,
  };
}
