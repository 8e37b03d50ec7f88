/** @file The example of `Trainer`'s documentation, which is what follows the imports; trainerExample.test.ts runs it. */

import { saveTensors } from '../../src/api/checkpoint.js';
import { Module, type Precision } from '../../src/api/model.js';
import { manualSeed, noGrad, ops, scope, type Tensor, tensor } from '../../src/api/torch.js';
import {
  AdamW,
  cosineSchedule,
  EarlyStopping,
  RunFolder,
  type TaskTraining,
  Trainer,
} from '../../src/api/train.js';

// Which sign the sum of eight numbers has, by a model of one dense layer.
class SignModel extends Module {
  precision: Precision = 'float32';
  readonly #weight = this.parameter('weight', ops.randn([1, 8]));

  forward(inputs: Tensor): Tensor {
    return ops.select(ops.linear(inputs, this.#weight), 1, 0); // (B, 8) to (B)
  }
}

interface Batch {
  readonly inputs: Tensor; // (B, 8)
  readonly labels: Tensor; // (B)
}

function batchOf(examples: readonly number[]): Batch {
  const rows = examples.map((i) => Array.from({ length: 8 }, (_, k) => Math.sin(1 + 8 * i * i + k * k)));
  const labels = rows.map((row) => (row.reduce((sum, x) => sum + x) > 0 ? 1 : 0));
  return { inputs: tensor(rows.flat(), [rows.length, 8]), labels: tensor(labels) };
}

manualSeed(1);
const model = new SignModel();
const run = await RunFolder.create('runs/sign');
const task: TaskTraining<Batch, Batch> = {
  name: 'sign',
  numExamples: 512,
  data: { numExamples: 512 },
  answerTable: undefined,
  prepare: batchOf,
  place: (batch) => batch,
  loss: ({ inputs, labels }) => ops.binaryCrossEntropyWithLogits(model.forward(inputs), labels),
  evaluate: async () =>
    scope(() => {
      const { inputs, labels } = batchOf(Array.from({ length: 100 }, (_, i) => 512 + i));
      const logits = noGrad(() => model.forward(inputs)).toFloat32Array();
      const numRight = labels.toFloat32Array().filter((label, i) => label > 0 === logits[i]! > 0).length;
      return { score: numRight / 100 };
    }),
  save: (name) => saveTensors(run.file(`${name}.safetensors`), model.namedParameters()),
  describeEpoch: ({ epoch, meanLoss, score }) => `Epoch ${epoch}: loss ${meanLoss}, score ${score}`,
};
const trainer = new Trainer({
  model,
  task,
  run,
  settings: { batchSize: 32, numEpochs: 20, learningRate: 0.1 },
  optimizer: (parameters, plan) => new AdamW(parameters, { ...plan, weightDecay: 0 }),
  schedule: cosineSchedule({ warmupRatio: 0.1 }),
  callbacks: [
    new EarlyStopping(5),
    { onEpoch: ({ isBest }) => console.log(isBest ? 'better' : 'not better') },
  ],
  snapshots: { everySteps: 100, numKept: 2, resume: false },
  notice: (line) => console.log(line),
});
const { bestScore } = await trainer.train();
console.log(`Right for ${100 * bestScore} % of new examples.`);
model.dispose();
