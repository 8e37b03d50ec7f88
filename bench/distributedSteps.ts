/**
 * @file What several processes of this machine spend on each other: bytes and time of a step's gradients, and how much
 * of that is hidden behind the backward pass. Under `lxmert launch`'s variables it is one of the processes; without them
 * it starts them: `node dist/bench/distributedSteps.js [PROCESSES] [base|middle] [STEPS] [EXAMPLES OF A PROCESS]`.
 * Prints JSON.
 */

import { fileURLToPath } from 'node:url';
import { medianOf } from '../src/bench/measure.js';
import { batchOf, randomInputs } from '../src/bench/questions.js';
import { LXMERT_BASE, type LxmertConfig, lxmertConfig, questionAnsweringModel } from '../src/model/index.js';
import { softAnswerLoss } from '../src/tasks/losses.js';
import type { ReductionTimes } from '../src/torch/gradientReducer.js';
import { scope } from '../src/torch/index.js';
import * as ops from '../src/torch/operators/index.js';
import { runtimeLine } from '../src/torch/runtime.js';
import { DataParallel } from '../src/train/distributed/dataParallel.js';
import { processRank } from '../src/train/distributed/environment.js';
import { launchProcesses } from '../src/train/distributed/launchProcesses.js';
import { BertAdam } from '../src/train/optimizers/bertAdam.js';
import { clipGradients } from '../src/train/optimizers/clipGradients.js';
import { FlatParameters } from '../src/train/optimizers/flatParameters.js';

const NUM_ANSWERS = 3129;
/** The first steps draw memory, and the second has the order of buckets that stays. */
const WARM_UP = 3;

const sizes: Readonly<Record<string, LxmertConfig>> = {
  base: LXMERT_BASE,
  middle: lxmertConfig({
    ...LXMERT_BASE,
    hiddenSize: 384,
    numAttentionHeads: 6,
    intermediateSize: 1536,
    numLanguageLayers: 4,
    numVisionLayers: 2,
    numCrossLayers: 3,
  }),
};

const [processesText = '2', sizeName = 'middle', stepsText = '6', examplesText = '8'] = process.argv.slice(2);
const config = sizes[sizeName];
const [numProcesses = 0, numSteps = 0, numExamples = 0] = [processesText, stepsText, examplesText].map(
  Number,
);
if (config === undefined || ![numProcesses, numSteps, numExamples].every(Number.isInteger)) {
  console.error('distributedSteps [PROCESSES] [base|middle] [STEPS] [EXAMPLES OF A PROCESS]');
  process.exit(2);
}

interface StepTimes {
  readonly seconds: number;
  readonly exchange: ReductionTimes | undefined;
}

/** Steps of one process, with or without the others. */
function measure(
  model: LxmertConfig,
  numExamples: number,
  processGroup: DataParallel | undefined,
): StepTimes[] {
  const network = questionAnsweringModel(model, NUM_ANSWERS);
  const flat = FlatParameters.of(network);
  const optimizer = new BertAdam(flat, { learningRate: 1e-6, totalSteps: 1000 });
  processGroup?.begin(flat, optimizer, undefined);
  const times: StepTimes[] = [];
  for (let step = 0; step < WARM_UP + numSteps; step++) {
    const start = performance.now();
    scope(() => {
      const size = batchOf(numExamples);
      const logits = network.forward(randomInputs(model, size), { training: true }).logits.answer;
      const loss = softAnswerLoss(logits, ops.full(logits.shape, 0.5));
      processGroup?.beforeLastBackward();
      loss.backward();
      processGroup?.afterBackward([loss.item()]);
      optimizer.step(clipGradients(flat, 5).scale);
    });
    if (step >= WARM_UP)
      times.push({ seconds: (performance.now() - start) / 1000, exchange: processGroup?.times() });
  }
  optimizer[Symbol.dispose]();
  flat[Symbol.dispose]();
  network.dispose();
  return times;
}

function summaryOf(times: readonly StepTimes[]): Record<string, number> {
  const median = (value: (exchange: ReductionTimes) => number): number =>
    medianOf(times.flatMap(({ exchange }) => (exchange === undefined ? [] : [value(exchange)])));
  return {
    secondsOfStep: medianOf(times.map(({ seconds }) => seconds)),
    megabytes: median(({ bytes }) => bytes / 1e6),
    buckets: median(({ numBuckets }) => numBuckets),
    millisecondsToFirstLaunch: median(({ firstLaunch }) => firstLaunch),
    millisecondsOfBackward: median(({ backwardEnd }) => backwardEnd),
    millisecondsWaitedAfterBackward: median(({ waitsEnd, backwardEnd }) => waitsEnd - backwardEnd),
    millisecondsOfCommunication: median(({ communication }) => communication),
    shareHidden: median(({ communication, overlapped }) => overlapped / communication),
  };
}

const place = processRank();
if (place === undefined) {
  // The same batch in one process with all cores.
  const examples = numProcesses * numExamples;
  const alone = measure(config, examples, undefined);
  const inOneProcess = medianOf(alone.map(({ seconds }) => seconds));
  console.log(
    JSON.stringify({
      size: sizeName,
      processes: 1,
      examples,
      runtime: runtimeLine(),
      secondsOfStep: inOneProcess,
    }),
  );
  const { exitCode } = await launchProcesses({
    numProcesses,
    command: [process.execPath, fileURLToPath(import.meta.url), ...process.argv.slice(2)],
    graceSeconds: 30,
    say: console.error,
  });
  process.exitCode = exitCode;
} else {
  using processGroup = await DataParallel.join({
    process: place,
    agreement: new Map([['size', sizeName]]),
    timeoutSeconds: 120,
    seed: 1,
    run: { path: '.', takeOver: () => undefined },
  });
  const times = measure(config, numExamples, processGroup);
  if (processGroup.isFirst) {
    const setting = {
      size: sizeName,
      processes: place.worldSize,
      examples: numExamples,
      runtime: runtimeLine(),
    };
    console.log(JSON.stringify({ ...setting, ...summaryOf(times) }));
  }
}
