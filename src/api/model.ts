/** @file `lxmert/model`: LXMERT's configuration, layers, encoder and heads, and the tokenizer of its sentences. */

export * from '../model/index.js';
export { Embedding } from '../model/layers/embedding.js';
export { LayerNorm } from '../model/layers/layerNorm.js';
export { JoinedLinear, Linear } from '../model/layers/linear.js';
export * from '../text/index.js';
