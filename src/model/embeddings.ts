/** @file How words become vectors. */

import type { Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import type { LxmertConfig } from './config.js';
import { dropout } from './layers/dropout.js';
import { Embedding } from './layers/embedding.js';
import { LayerNorm } from './layers/layerNorm.js';
import { Module } from './module.js';

/** Word, position and segment embeddings, summed, normalised, dropped out. */
export class Embeddings extends Module {
  readonly word: Embedding;
  readonly position: Embedding;
  readonly tokenType: Embedding;
  readonly layerNorm: LayerNorm;

  constructor(readonly config: LxmertConfig) {
    super();
    const { vocabSize, maxPositionEmbeddings, typeVocabSize, hiddenSize, initializerRange: std } = config;
    this.word = this.child('word_embeddings', new Embedding(vocabSize, hiddenSize, std));
    this.position = this.child('position_embeddings', new Embedding(maxPositionEmbeddings, hiddenSize, std));
    this.tokenType = this.child('token_type_embeddings', new Embedding(typeVocabSize, hiddenSize, std));
    this.layerNorm = this.child('LayerNorm', new LayerNorm(hiddenSize, config.layerNormEps));
  }

  /** inputIds, tokenTypeIds (B, n) -> (B, n, H) */
  forward(inputIds: Tensor, tokenTypeIds: Tensor, training: boolean): Tensor {
    const [, length = 0] = inputIds.shape;
    const positions = ops.unsqueeze(ops.arange(0, length, 1), 0); // (1, n)
    const sum = ops.add(
      ops.add(this.word.forward(inputIds), this.position.forward(positions)),
      this.tokenType.forward(tokenTypeIds),
    );
    return dropout(this.layerNorm.forward(sum), this.config.hiddenDropout, training);
  }
}
