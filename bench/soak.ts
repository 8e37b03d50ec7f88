/**
 * @file Trains a small model for some epochs and ends with 1 when resident memory grows after the second.
 * `node dist/bench/soak.js [EPOCHS] [STEPS PER EPOCH]`
 */

import { batchOf, randomInputs } from '../src/bench/questions.js';
import { type LxmertInputs, lxmertConfig, questionAnsweringModel } from '../src/model/index.js';
import { liveTensors, manualSeed, setNumThreads, type Tensor } from '../src/torch/index.js';
import * as ops from '../src/torch/operators/index.js';
import { Trainer } from '../src/train/trainer.js';

/** What the process may grow by from the end of epoch 2 to the last, for the collector's own unsteadiness. */
const TOLERATED_BYTES = 8 * 2 ** 20;
const NUM_ANSWERS = 100;
const BATCH_SIZE = 16;
/** Epochs that fill the heap, the thread pools and the compiled code. */
const WARM_UP_EPOCHS = 2;

function count(text: string | undefined, fallback: number, least: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (!Number.isInteger(value) || value < least) {
    console.error(`soak takes whole numbers of at least ${least} here, but was given '${text}'.`);
    process.exit(2);
  }
  return value;
}

const numEpochs = count(process.argv[2], 10, WARM_UP_EPOCHS + 1);
const numBatches = count(process.argv[3], 40, 1);
const config = lxmertConfig({
  vocabSize: 1000,
  hiddenSize: 64,
  numAttentionHeads: 4,
  intermediateSize: 128,
  numLanguageLayers: 2,
  numVisionLayers: 1,
  numCrossLayers: 2,
  visualFeatureSize: 128,
});

// Memory is measured, not speed: one thread keeps other load on the machine from stretching the run.
setNumThreads(1);
manualSeed(1);
const model = questionAnsweringModel(config, NUM_ANSWERS);
const resident: number[] = [];
const live: number[] = [];

function loss(inputs: LxmertInputs): Tensor {
  const logits = model.forward(inputs, { training: true }).logits.answer; // (B, answers)
  return ops.binaryCrossEntropyWithLogits(logits, ops.rand([BATCH_SIZE, NUM_ANSWERS]));
}

const trainer = new Trainer({
  model,
  task: {
    name: 'soak',
    numExamples: numBatches * BATCH_SIZE,
    data: {},
    answerTable: undefined,
    prepare: () => randomInputs(config, batchOf(BATCH_SIZE)),
    place: (inputs: LxmertInputs) => inputs,
    loss,
    evaluate: async () => {
      resident.push(process.memoryUsage.rss());
      live.push(liveTensors());
      return { score: 0 };
    },
    save: async () => undefined,
    describeEpoch: ({ epoch, seconds, meanLoss }) => {
      const mebibytes = ((resident[epoch] ?? 0) / 2 ** 20).toFixed(1);
      return `Epoch ${epoch + 1}: ${mebibytes} MiB resident, ${live[epoch]} tensors alive, loss ${meanLoss.toFixed(4)}, ${seconds.toFixed(2)} s`;
    },
  },
  settings: { batchSize: BATCH_SIZE, numEpochs, learningRate: 1e-4, seed: 1 },
  notice: console.log,
});
await trainer.train();

const grownBytes = (resident.at(-1) ?? 0) - (resident[WARM_UP_EPOCHS - 1] ?? 0);
const grownTensors = (live.at(-1) ?? 0) - (live[WARM_UP_EPOCHS - 1] ?? 0);
console.log(
  `From epoch ${WARM_UP_EPOCHS} to ${numEpochs}: ${(grownBytes / 2 ** 20).toFixed(1)} MiB, ${grownTensors} tensors.`,
);
model.dispose();
if (grownBytes > TOLERATED_BYTES || grownTensors !== 0) {
  console.error(
    `Memory grew: ${TOLERATED_BYTES / 2 ** 20} MiB and no tensor are allowed. A tensor outlives its scope, or the heap cannot reuse what was freed.`,
  );
  process.exitCode = 1;
}
