/** @file Small models in the layout of Hugging Face: a folder as `save_pretrained` writes it. */

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { saveCheckpoint } from '../../src/checkpoint/index.js';
import { ANSWERS, drawModel, tinyConfig, WORDS } from './tinyLxmert.js';

export interface SavedModelOptions {
  readonly weights?: 'model.safetensors' | 'pytorch_model.bin';
  readonly vocabSize?: number;
  readonly featureSize?: number;
  readonly numAnswers?: number;
  /** Written into config.json as `id2label`. */
  readonly labels?: readonly string[];
  /** vocab.txt, tokenizer.json or none. Default `vocab.txt`. */
  readonly vocabulary?: 'vocab.txt' | 'tokenizer.json' | 'none';
  /** Written as trainval_label2ans.json. */
  readonly answers?: readonly string[];
  readonly seed?: number;
}

/** Writes weights, config.json and vocabulary, and nothing of a run. */
export async function writeSavedModel(folder: string, options: SavedModelOptions = {}): Promise<void> {
  const {
    weights = 'model.safetensors',
    vocabSize = WORDS.length,
    featureSize = 7,
    labels,
    vocabulary = 'vocab.txt',
  } = options;
  const { numAnswers = labels?.length ?? ANSWERS.length, answers, seed = 5 } = options;
  mkdirSync(folder, { recursive: true });
  const config = tinyConfig({ vocabSize, visualFeatureSize: featureSize });
  using model = drawModel(config, numAnswers, { seed });
  await saveCheckpoint(path.join(folder, weights), model.namedParameters(), 'huggingface');
  const write = (name: string, value: unknown): void =>
    writeFileSync(
      path.join(folder, name),
      typeof value === 'string' ? value : JSON.stringify(value, null, 2),
    );
  write('config.json', {
    architectures: ['LxmertForQuestionAnswering'],
    model_type: 'lxmert',
    vocab_size: vocabSize,
    hidden_size: 16,
    num_attention_heads: 2,
    intermediate_size: 24,
    l_layers: 1,
    x_layers: 2,
    r_layers: 1,
    visual_feat_dim: featureSize,
    max_position_embeddings: 20,
    num_qa_labels: numAnswers,
    ...(labels && { id2label: Object.fromEntries(labels.map((label, i) => [i, label])) }),
  });
  if (vocabulary === 'vocab.txt') write('vocab.txt', `${WORDS.join('\n')}\n`);
  if (vocabulary === 'tokenizer.json') {
    // Keys in another order than the ids, as any writer may put them.
    const entries = WORDS.map((word, id) => [word, id] as const).toReversed();
    write('tokenizer.json', {
      version: '1.0',
      normalizer: { type: 'BertNormalizer', lowercase: true },
      model: { type: 'WordPiece', unk_token: '[UNK]', vocab: Object.fromEntries(entries) },
    });
  }
  if (answers !== undefined) write('trainval_label2ans.json', answers);
}
