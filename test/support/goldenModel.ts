/** @file The golden weights in a model, through this project's own reader. */

import { FileReader } from '../../src/checkpoint/read/fileReader.js';
import { readLegacy } from '../../src/checkpoint/read/legacy.js';
import type { TensorEntry } from '../../src/checkpoint/tensorEntry.js';
import { type LxmertInputs, QuestionAnsweringModel } from '../../src/model/index.js';
import { mapFile, noGrad, scope, type Tensor } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import type { Golden } from './golden.js';
import { sharedPath } from './shared.js';

/** The model of a golden task: encoder and head rows as the reference transferred them. */
export function goldenModel(golden: Golden, task: 'vqa' | 'gqa'): QuestionAnsweringModel {
  using file = FileReader.open(sharedPath('golden', 'model_legacy.pth'));
  const entries = new Map(readLegacy(file).entries.map((entry) => [entry.name, entry]));
  const model = new QuestionAnsweringModel(golden.modelConfig(), golden.index[task].label2ans.length);
  noGrad(() =>
    scope(() => {
      for (const [name, parameter] of model.namedParameters()) {
        const row = /^answer_head\.(logit_fc\.3\.(?:weight|bias))$/.exec(name)?.[1];
        ops.copy_(
          parameter,
          row === undefined ? read(entries.get(name)!) : golden.tensor(`${task}/head/${row}`),
        );
      }
    }),
  );
  return model;
}

function read(entry: TensorEntry): Tensor {
  const { file, byteOffset, numElements } = entry.storage;
  const storage = mapFile(file, byteOffset, numElements, 'float32');
  return ops.asStrided(storage, entry.shape, entry.strides, entry.storageOffset);
}

/** A golden batch. */
export function goldenInputs(golden: Golden, prefix: string): LxmertInputs {
  return {
    inputIds: golden.tensor(`${prefix}/input_ids`),
    tokenTypeIds: golden.tensor(`${prefix}/token_type_ids`),
    attentionMask: golden.tensor(`${prefix}/attention_mask`),
    features: golden.tensor(`${prefix}/feats`),
    boxes: golden.tensor(`${prefix}/boxes`),
  };
}

/** A name of a reference fine-tuned file as this project's models spell it. */
export function canonicalName(name: string): string {
  return name.replace(/^lxrt_encoder\.model\./, '').replace(/^logit_fc\./, 'answer_head.logit_fc.');
}
