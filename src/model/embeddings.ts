/** @file How words become vectors. */

import type { Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import type { LxmertConfig } from './config.js';
import { dropout } from './functional/dropout.js';
import { Embedding } from './layers/embedding.js';
import { LayerNorm } from './layers/layerNorm.js';
import { Module } from './module.js';

/** What is known of each row of a packed batch of sentences, (rows) int32 or int64 each. */
export interface WordRows {
  readonly inputIds: Tensor;
  readonly positions: Tensor;
  readonly tokenTypeIds: Tensor;
}

/** Word, position and segment embeddings, summed, normalised, dropped out. */
export class Embeddings extends Module {
  readonly word: Embedding;
  readonly position: Embedding;
  readonly tokenType: Embedding;
  readonly layerNorm: LayerNorm;

  constructor(readonly config: LxmertConfig) {
    super();
    const { vocabSize, maxPositionEmbeddings, typeVocabSize, hiddenSize, initializerRange: std } = config;
    this.word = this.child('word_embeddings', new Embedding(vocabSize, hiddenSize, std, { isLarge: true }));
    this.position = this.child('position_embeddings', new Embedding(maxPositionEmbeddings, hiddenSize, std));
    this.tokenType = this.child('token_type_embeddings', new Embedding(typeVocabSize, hiddenSize, std));
    this.layerNorm = this.child('LayerNorm', new LayerNorm(hiddenSize, config.layerNormEps));
  }

  /** -> (rows, H) float32 */
  forward({ inputIds, positions, tokenTypeIds }: WordRows, training: boolean): Tensor {
    const sum = ops.add(
      ops.add(this.word.forward(inputIds), this.position.forward(positions)),
      this.tokenType.forward(tokenTypeIds),
    );
    return dropout(this.layerNorm.forward(sum), this.config.hiddenDropout, training);
  }
}
