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
import { readValidation, taskOf } from './validation.js';

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
console.log('| run | questions | float32 | int8 | difference in points | same answers |');
console.log('| --- | --- | --- | --- | --- | --- |');
let worst = 0;
for (const run of positionals) worst = Math.max(worst, Math.abs(await compare(run)));
console.log(`\nLargest difference: ${worst.toFixed(2)} points.`);

/** @returns the difference in points */
async function compare(run: string): Promise<number> {
  const name = (await taskNameOf(run)) ?? '';
  const task = await taskOf(name);
  const questions = await readValidation(values.world, name);
  const predict = async (precision: AnsweringPrecision) => {
    const model = await loadModel({ model: run, precision });
    try {
      return await predictExamples(task, model, store, questions, { batchSize: BATCH_SIZE });
    } finally {
      disposeModels(model);
    }
  };
  const [exact, rounded] = [await predict('float32'), await predict('int8')];
  const [before, after] = [exact, rounded].map((each) => 100 * task.scores(questions, each).overall) as [
    number,
    number,
  ];
  const numSame = exact.filter(({ answer }, i) => answer === rounded[i]?.answer).length;
  const cells = [
    run,
    questions.length,
    before.toFixed(2),
    after.toFixed(2),
    (after - before).toFixed(2),
    ((100 * numSame) / questions.length).toFixed(2),
  ];
  console.log(`| ${cells.join(' | ')} % |`);
  return after - before;
}

async function taskNameOf(run: string): Promise<string | undefined> {
  const model = await loadModel({ model: run });
  disposeModels(model);
  return model.task;
}
