/**
 * @file What `--precision int8` costs in accuracy: runs of the sample world's recipes answer their validation questions in
 * float32 and in 8 bits, 32 at a time. LXMERT_KERNELS=avx2 shows a processor without VNNI.
 *
 *     node dist/bench/int8Accuracy.js --world world runs/vqa-1 runs/gqa-1 runs/nlvr2-1
 */

import path from 'node:path';
import { parseArgs } from 'node:util';
import { FeatureStore } from '../src/features/index.js';
import { disposeModels } from '../src/inference/ensemble.js';
import { loadModel } from '../src/inference/modelFolder.js';
import type { AnsweringPrecision } from '../src/model/index.js';
import { predictExamples } from '../src/tasks/index.js';
import { runtimeInfo } from '../src/torch/index.js';
import { printComparison, printRow, readValidation, taskOf } from './validation.js';

const BATCH_SIZE = 32;

const { values, positionals } = parseArgs({
  options: { world: { type: 'string', default: 'world' } },
  allowPositionals: true,
});
if (positionals.length === 0) {
  console.error('Name the run folders.');
  process.exit(2);
}
using store = FeatureStore.open(path.join(values.world, 'features/minival'));
console.log(`8-bit kernels: ${runtimeInfo().int8Kernels}\n`);
await printComparison(positionals, compare);

/** @returns the difference in points */
async function compare(run: string): Promise<number> {
  const { name, questions, predictions: exact } = await predict(run, 'float32');
  const { predictions: rounded } = await predict(run, 'int8');
  return await printRow(run, name, questions, [exact, rounded]);
}

async function predict(run: string, precision: AnsweringPrecision) {
  const model = await loadModel({ model: run, precision });
  try {
    const name = model.task ?? '';
    const task = await taskOf(name);
    const questions = await readValidation(values.world, name);
    const predictions = await predictExamples(task, model, store, questions, { batchSize: BATCH_SIZE });
    return { name, questions, predictions };
  } finally {
    disposeModels(model);
  }
}
