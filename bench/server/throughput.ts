/**
 * @file What the model gives by itself, in a fresh process: batches of questions about pictures whose regions are known, and
 * about new ones. Prints JSON. `node dist/bench/server/throughput.js RUN BATCH SECONDS PRECISION IMAGES`
 */

import { batchFromRows } from '../../src/features/featureBatch.js';
import type { FeatureRow } from '../../src/features/row.js';
import { Lxmert } from '../../src/inference/lxmert.js';
import { LxmertImage } from '../../src/inference/lxmertImage.js';
import type { Precision } from '../../src/model/index.js';
import { rankAnswers } from '../../src/tasks/predict.js';
import { pictureMaker } from './pictures.js';
import { questionOf } from './servedModel.js';

export interface Throughput {
  /** Questions a second about pictures whose regions are known; the median batch. */
  readonly seen: number;
  /** The same with the detection in a new picture for each. */
  readonly fresh: number;
}

const [run = '', batch = '32', seconds = '10', precision = 'float32', images = '64'] = process.argv.slice(2);
const batchSize = Number(batch);
using lxmert = await Lxmert.load({ model: run, precision: precision as Precision, numCachedImages: 0 });
const picture = await pictureMaker();
const rows: FeatureRow[] = [];
for (let i = 0; i < Number(images); i++)
  rows.push((await lxmert.detectRegions(LxmertImage.fromBytes(picture(i)))).row);

function answer(batchRows: readonly FeatureRow[], first: number): void {
  const byId = new Map(batchRows.map((row, i) => [String(i), row]));
  const source = {
    gather: (ids: readonly string[]) => batchFromRows(ids.map((id) => byId.get(id) as FeatureRow)),
  };
  const examples = batchRows.map((_, i) => ({ imageIds: [String(i)], sentence: questionOf(first + i) }));
  rankAnswers(lxmert.answering, source, examples, 5);
}

/** Questions a second, of the median repetition. */
async function measure(work: (first: number) => Promise<void>): Promise<number> {
  const times: number[] = [];
  await work(0);
  const end = performance.now() + 1000 * Number(seconds);
  for (let first = batchSize; performance.now() < end || times.length < 3; first += batchSize) {
    const start = performance.now();
    await work(first);
    times.push((performance.now() - start) / 1000);
  }
  times.sort((a, b) => a - b);
  return batchSize / (times[Math.floor(times.length / 2)] as number);
}

const seen = await measure(async (first) => {
  answer(
    Array.from({ length: batchSize }, (_, i) => rows[(first + i) % rows.length] as FeatureRow),
    first,
  );
});
let newest = 1_000_000;
const fresh = await measure(async (first) => {
  const detected: FeatureRow[] = [];
  for (let i = 0; i < batchSize; i++)
    detected.push((await lxmert.detectRegions(LxmertImage.fromBytes(picture(newest++)))).row);
  answer(detected, first);
});
process.stdout.write(`${JSON.stringify({ seen, fresh } satisfies Throughput)}\n`);
