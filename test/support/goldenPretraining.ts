/** @file The golden pre-training model and its batch. */

import { CheckpointFile, loadWeights } from '../../src/checkpoint/index.js';
import { PretrainingModel, TIED_DECODER } from '../../src/model/index.js';
import type { PretrainingBatch } from '../../src/tasks/pretraining/labels.js';
import * as ops from '../../src/torch/operators/index.js';
import type { Golden } from './golden.js';
import { goldenPath } from './golden.js';
import { goldenInputs } from './goldenModel.js';

export async function goldenPretrainingModel(
  golden: Golden,
  file: 'model_legacy.pth' | 'model_zip.pth' = 'model_legacy.pth',
): Promise<PretrainingModel> {
  const { obj_id_num, attr_id_num, num_answers } = golden.index.config;
  const model = new PretrainingModel(golden.modelConfig(), {
    numObjects: obj_id_num!,
    numAttributes: attr_id_num!,
    numAnswers: num_answers!,
  });
  const report = loadWeights(await CheckpointFile.open(goldenPath(file)), model.checkpointTensors(), {
    require: 'all',
  });
  if (!report.loaded.includes(TIED_DECODER)) throw new Error('The golden file has no tied decoder.');
  if (report.unexpected.length > 0) throw new Error(`Unexpected: ${report.unexpected.join()}`);
  return model;
}

/** Call it inside a scope. */
export function goldenPretrainingBatch(golden: Golden): PretrainingBatch {
  const values = (name: string): Int32Array => Int32Array.from(golden.values(`pretrain/${name}`));
  const regionMask = Uint8Array.from(golden.values('pretrain/feat_mask'));
  const int64 = (name: string) => ops.to(golden.tensor(`pretrain/${name}`), 'int64');
  return {
    inputs: goldenInputs(golden, 'pretrain'),
    labels: {
      words: values('masked_lm_labels'),
      isMatched: Uint8Array.from(values('matched_label')),
      isRegion: new Uint8Array(regionMask.length).fill(1),
      regionMask,
      objects: int64('obj_labels'),
      objectConfidences: golden.tensor('pretrain/obj_conf'),
      attributes: int64('attr_labels'),
      attributeConfidences: golden.tensor('pretrain/attr_conf'),
      features: golden.tensor('pretrain/feat_target'),
      answers: values('ans'),
    },
  };
}
