/**
 * @file An exported model in `lxmert/runtime`, as one of those that are measured in turn, in a process of its own that never loads
 * libtorch, as a user's: `node runtimePeer.js FOLDER PRECISION THREADS` answers bursts of questions, one after the other, by the
 * export in `FOLDER/lxmert`.
 */

import {
  askedBursts,
  type Burst,
  type Measured,
  sayLine,
  timed,
} from '../../src/bench/peers/measuredProcess.js';
import { type BenchQuestion, drawQuestions, NUM_QUESTIONS } from '../../src/bench/peers/questions.js';
import { regionInputs, wordInputs } from '../../src/runtime/graphInputs.js';
import type { WeightsPrecision } from '../../src/runtime/index.js';
import { Lxmert, LxmertImage } from '../../src/runtime/node.js';

/** What it begins with. */
export interface RuntimeHello {
  /** Such as `onnxruntime-node 1.30.0`. */
  readonly engine: string;
}

const [, , folder = '', precision = '', numThreads = ''] = process.argv;
const questions = drawQuestions(NUM_QUESTIONS);
const lxmert = await Lxmert.load(`${folder}/lxmert`, {
  precision: precision as WeightsPrecision,
  engine: 'onnxruntime-node',
  numThreads: Number(numThreads),
});
await sayLine({ engine: `${lxmert.engine.name} ${lxmert.engine.version}` } satisfies RuntimeHello);
for await (const burst of askedBursts()) await sayLine(await measured(burst));

async function measured(burst: Burst): Promise<Measured> {
  const asked = burst.questions.map((i) => questions[i] as BenchQuestion);
  const seconds: number[] = [];
  for (const _ of timed(burst, seconds)) {
    for (const { row, sentence } of asked)
      await lxmert.answer(LxmertImage.fromRow({ row, provenance: undefined }), sentence);
  }
  if (!burst.logits) return { seconds };
  const logits: number[][] = [];
  for (const question of asked) logits.push(await logitsOf(question));
  return { seconds, logits };
}

/** What the graph gives; an answer has its best ones alone. */
async function logitsOf({ row, sentence }: BenchQuestion): Promise<number[]> {
  const inputs = { ...wordInputs(lxmert.model, [sentence]), ...regionInputs([row], 1) };
  const { logits } = await lxmert.runGraph(inputs, ['logits']);
  return [...((logits?.data ?? []) as Float32Array)];
}
