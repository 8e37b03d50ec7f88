/** @file A model with what it needs to read sentences and name answers. */

import type { AnswerTable } from '../data/answerTable.js';
import type { TaskModel } from '../model/index.js';
import type { WordPieceTokenizer } from '../text/index.js';
import type { ShapeGraphs } from '../torch/index.js';

/** What a head's logits become: each output for itself, or one against the others. */
export type HeadActivation = 'sigmoid' | 'softmax';

/** One model, or several as one. */
export interface Predictor<Head extends string = string> {
  /** One, or several whose probabilities are averaged. */
  readonly models: readonly TaskModel<Head>[];
  /** What makes probabilities of each head's logits. */
  readonly activations: Readonly<Record<Head, HeadActivation>>;
  readonly tokenizer: WordPieceTokenizer;
  readonly answerTable: AnswerTable;
  /** Word pieces a sentence is cut to, [CLS] and [SEP] included. */
  readonly maxLength: number;
  /** On a GPU: records the passes of each model, in the models' order. */
  readonly graphs?: readonly ShapeGraphs[] | undefined;
}
