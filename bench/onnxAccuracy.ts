/**
 * @file What 8-bit weights cost in accuracy: runs of the sample world's recipes, exported in float32 and int8, answer their
 * validation questions in `lxmert/runtime`, 32 at a time.
 *
 *     node dist/bench/onnxAccuracy.js --world world runs/vqa-1 runs/gqa-1 runs/nlvr2-1
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Question } from '../src/data/annotations/question.js';
import { sequentialBatches } from '../src/data/epochSampler.js';
import { exportModel } from '../src/export/index.js';
import { FeatureStore } from '../src/features/index.js';
import { Lxmert } from '../src/runtime/node.js';
import type { Prediction } from '../src/tasks/index.js';
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
await printComparison(positionals, compare);

/** @returns the difference in points */
async function compare(run: string): Promise<number> {
  const folder = mkdtempSync(path.join(tmpdir(), 'lxmert-accuracy-'));
  const store = FeatureStore.open(path.join(values.world, 'features/minival'));
  try {
    for (const precision of ['float32', 'int8'] as const) {
      await exportModel({ source: { model: run }, out: folder, precision });
    }
    await using wide = await Lxmert.load(folder, { precision: 'float32', allowOtherFeatures: true });
    await using narrow = await Lxmert.load(folder, { precision: 'int8', allowOtherFeatures: true });
    const { task: name } = wide.model.manifest;
    const questions = await readValidation(values.world, name ?? '');
    const [exact, rounded] = [await predict(wide, questions, store), await predict(narrow, questions, store)];
    return await printRow(run, name ?? '', questions, [exact, rounded]);
  } finally {
    store.dispose();
    rmSync(folder, { recursive: true });
  }
}

async function predictionsOf(name: string) {
  const { plainPredictions } = await taskOf(name);
  if (plainPredictions === undefined) throw new Error(`${name} has no predictions without libtorch.`);
  return plainPredictions;
}

async function predict(
  lxmert: Lxmert,
  questions: readonly Question[],
  store: FeatureStore,
): Promise<readonly Prediction[]> {
  const predictions = await predictionsOf(lxmert.model.manifest.task ?? '');
  const found: Prediction[] = [];
  for (const batch of sequentialBatches(questions.length, BATCH_SIZE)) {
    const examples = await Promise.all(
      batch.map(async (i) => {
        const { sentence, imageIds } = questions[i] as Question;
        return { sentence, rows: await Promise.all(imageIds.map((id) => store.readRow(id))) };
      }),
    );
    const probabilities = await lxmert.answerBatch(examples);
    if (probabilities.answer === undefined) throw new Error('The model gives no answers.');
    const asked = batch.map((i) => questions[i] as Question);
    found.push(...predictions({ answer: probabilities.answer }, lxmert.model.answerTable, asked));
  }
  return found;
}
