/**
 * @file Trains a small model for some epochs and ends with 1 when resident memory grows after the second.
 * `node dist/bench/soak.js [EPOCHS] [STEPS PER EPOCH]`
 */

import { batchOf, randomInputs } from '../src/bench/questions.js';
import { type LxmertInputs, lxmertConfig, questionAnsweringModel } from '../src/model/index.js';
import { liveTensors, manualSeed, setNumThreads, type Tensor } from '../src/torch/index.js';
import * as ops from '../src/torch/operators/index.js';
import { BertAdam } from '../src/train/bertAdam.js';
import { FlatParameters } from '../src/train/flatParameters.js';
import { runTraining } from '../src/train/trainingLoop.js';

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
const parameters = FlatParameters.of(model);
const optimizer = new BertAdam(parameters, { learningRate: 1e-4, totalSteps: numEpochs * numBatches });
const resident: number[] = [];
const live: number[] = [];

function loss(inputs: LxmertInputs): Tensor {
  const logits = model.forward(inputs, { training: true }).logits.answer; // (B, answers)
  return ops.binaryCrossEntropyWithLogits(logits, ops.rand([BATCH_SIZE, NUM_ANSWERS]));
}

await runTraining({
  task: {
    numBatches,
    batchSize: BATCH_SIZE,
    startEpoch: () => undefined,
    prepare: () => randomInputs(config, batchOf(BATCH_SIZE)),
    place: (inputs: LxmertInputs) => inputs,
    loss,
    evaluate: async () => 0,
  },
  optimizer,
  numEpochs,
  clipNorm: 5,
  save: async () => undefined,
  onEpoch: ({ epoch, seconds, meanLoss }) => {
    resident.push(process.memoryUsage.rss());
    live.push(liveTensors());
    const mebibytes = ((resident[epoch] ?? 0) / 2 ** 20).toFixed(1);
    console.log(
      `Epoch ${epoch + 1}: ${mebibytes} MiB resident, ${live[epoch]} tensors alive, loss ${meanLoss.toFixed(4)}, ${seconds.toFixed(2)} s`,
    );
  },
});

const grownBytes = (resident.at(-1) ?? 0) - (resident[WARM_UP_EPOCHS - 1] ?? 0);
const grownTensors = (live.at(-1) ?? 0) - (live[WARM_UP_EPOCHS - 1] ?? 0);
console.log(
  `From epoch ${WARM_UP_EPOCHS} to ${numEpochs}: ${(grownBytes / 2 ** 20).toFixed(1)} MiB, ${grownTensors} tensors.`,
);
optimizer[Symbol.dispose]();
parameters[Symbol.dispose]();
model.dispose();
if (grownBytes > TOLERATED_BYTES || grownTensors !== 0) {
  console.error(
    `Memory grew: ${TOLERATED_BYTES / 2 ** 20} MiB and no tensor are allowed. A tensor outlives its scope, or the heap cannot reuse what was freed.`,
  );
  process.exitCode = 1;
}
