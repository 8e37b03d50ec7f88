/** @file The golden weights in a model, through this project's own reader. */

import { FileReader } from '../../src/checkpoint/read/fileReader.js';
import { readLegacy } from '../../src/checkpoint/read/legacy.js';
import type { TensorEntry } from '../../src/checkpoint/tensorEntry.js';
import {
  type LxmertInputs,
  type QuestionAnsweringModel,
  questionAnsweringModel,
} from '../../src/model/index.js';
import { classLoss, softAnswerLoss } from '../../src/tasks/losses.js';
import { type Device, mapFile, noGrad, place, scope, type Tensor, tensor } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import type { Golden } from './golden.js';
import { goldenPath } from './golden.js';

export type GoldenTask = 'vqa' | 'gqa' | 'nlvr2';

/** The model of a golden task: encoder and head rows as the reference transferred them. */
export function goldenModel(golden: Golden, task: GoldenTask): QuestionAnsweringModel {
  using file = FileReader.open(goldenPath('model_legacy.pth'));
  const entries = new Map(readLegacy(file).entries.map((entry) => [entry.name, entry]));
  const isPair = task === 'nlvr2';
  const numAnswers = task === 'nlvr2' ? 2 : golden.index[task].label2ans.length;
  const model = questionAnsweringModel(golden.modelConfig(), numAnswers, isPair ? 2 : 1);
  noGrad(() =>
    scope(() => {
      for (const [name, parameter] of model.namedParameters()) {
        // NLVR2's head is drawn anew, the others' only in the rows of answers.
        const drawn = isPair ? /^answer_head\.(.*)$/ : /^answer_head\.(logit_fc\.3\.(?:weight|bias))$/;
        const row = drawn.exec(name)?.[1];
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

/** A golden batch. Pairs of images become images: (B, 2, regions, ...) -> (2 B, regions, ...). */
export function goldenInputs(golden: Golden, prefix: string): LxmertInputs {
  const images = (name: string): Tensor => {
    const values = golden.tensor(`${prefix}/${name}`);
    return values.shape.length === 4 ? ops.flatten(values, 0, 1) : values;
  };
  return {
    inputIds: golden.tensor(`${prefix}/input_ids`),
    tokenTypeIds: golden.tensor(`${prefix}/token_type_ids`),
    attentionMask: golden.tensor(`${prefix}/attention_mask`),
    features: images('feats'),
    boxes: images('boxes'),
  };
}

/** A name of a reference fine-tuned file as this project's models spell it. */
export function canonicalName(name: string): string {
  return name.replace(/^lxrt_encoder\.model\./, '').replace(/^logit_fc\./, 'answer_head.logit_fc.');
}

/** The loss of a golden batch. */
export function goldenLoss(golden: Golden, task: GoldenTask, logits: Tensor): Tensor {
  const device = logits.device as Device;
  if (task !== 'nlvr2') return softAnswerLoss(logits, place(golden.tensor(`${task}/target`), device));
  const labels = golden.values('nlvr2/label');
  const targets = Float32Array.from({ length: 2 * labels.length }, (_, i) =>
    labels[Math.floor(i / 2)] === i % 2 ? 1 : 0,
  );
  return classLoss(logits, place(tensor(targets, [labels.length, 2]), device));
}
