/**
 * @file How long one question of the full-size model takes alone and beside programs that keep processors busy, with two
 * threads, with one, and with as many as there are free processors: `node dist/bench/busyAnswers.js [ROUNDS]`. What is
 * compared takes turns, since what else goes on in the machine changes.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { medianOf } from '../src/bench/measure.js';
import { ONE_QUESTION, randomInputs } from '../src/bench/questions.js';
import { lxmertConfig, questionAnsweringModel, useForInference } from '../src/model/index.js';
import { getNumThreads, noGrad, scope, setNumThreads, ThreadAdapter } from '../src/torch/index.js';

const SECONDS = 2;
const numRounds = Number(process.argv[2] ?? 3);
const numDefault = getNumThreads();

using model = questionAnsweringModel(lxmertConfig(), 3129);
useForInference(model, 'float32');

const ways = [
  { name: `${numDefault} threads`, numThreads: numDefault, isAdapted: false },
  { name: '1 thread', numThreads: 1, isAdapted: false },
  { name: 'free processors', numThreads: numDefault, isAdapted: true },
] as const;

for (let round = 1; round <= numRounds; round++) {
  for (const numBusy of [0, 1, 2]) {
    const busy = Array.from({ length: numBusy }, () => spawn(process.execPath, ['-e', 'for (;;);']));
    try {
      for (const way of ways) console.log(`round ${round}, beside ${numBusy}: ${way.name} ${measured(way)}`);
    } finally {
      for (const each of busy) end(each);
    }
  }
}

function measured({ numThreads, isAdapted }: (typeof ways)[number]): string {
  setNumThreads(numThreads);
  const adapter = new ThreadAdapter();
  const seconds: number[] = [];
  const begun = performance.now();
  while (performance.now() - begun < 1000 * SECONDS || seconds.length < 5) {
    const start = performance.now();
    if (isAdapted) adapter.adapt();
    scope(() => noGrad(() => model.forward(randomInputs(model.config, ONE_QUESTION)).logits.answer.data()));
    seconds.push((performance.now() - start) / 1000);
  }
  const used = getNumThreads();
  return `${(1000 * medianOf(seconds)).toFixed(1)} ms (median of ${seconds.length}, ${used} threads at the end)`;
}

function end(child: ChildProcess): void {
  child.kill('SIGKILL');
}
