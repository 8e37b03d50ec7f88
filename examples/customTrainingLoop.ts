/**
 * @file A model and a training loop of one's own: the encoder with a head that estimates how many objects a question
 * asks for, trained by AdamW on a cosine schedule. With evaluations, snapshots and several processes, the same model is
 * trained by `Trainer`.
 */

import {
  Linear,
  type LxmertConfig,
  type LxmertInputs,
  LxmertModel,
  Module,
  WordPieceTokenizer,
} from 'lxmert/model';
import { manualSeed, noGrad, ops, scope, type Tensor, tensor } from 'lxmert/torch';
import {
  AdamW,
  batchInputs,
  clipGradients,
  cosineSchedule,
  EpochSampler,
  FlatParameters,
  loadTask,
  type Question,
} from 'lxmert/train';
import { collect, sampleWorld, tinyConfig } from './sampleWorld.js';

class CountingModel extends Module {
  readonly encoder: LxmertModel;
  readonly #count: Linear;

  constructor(config: LxmertConfig) {
    super();
    this.encoder = this.child('bert', new LxmertModel(config));
    this.#count = this.child('count', new Linear(config.hiddenSize, 1, config.initializerRange));
  }

  /** (B) */
  forward(inputs: LxmertInputs, training: boolean): Tensor {
    const { pooled } = this.encoder.forward(inputs, { training, outputs: 'pooled' }); // (B, H)
    return ops.select(this.#count.forward(pooled), 1, 0); // (B, 1) to (B)
  }
}

using world = await sampleWorld();
const { store, vocabulary } = world;
const tokenizer = new WordPieceTokenizer(vocabulary);
const vqa = await loadTask('vqa');

const isNumber = ({ answerType }: Question): boolean => answerType === 'number';
const training = (await collect(vqa.read(world.questions('train')))).filter(isNumber);
const validation = (await collect(vqa.read(world.questions('minival')))).filter(isNumber);
const countOf = ({ labels }: Question): number => Number([...(labels?.keys() ?? [])][0]);

manualSeed(1);
using model = new CountingModel(tinyConfig(vocabulary));
const sampler = new EpochSampler(training.length, 16, 1);
const numEpochs = 6;
const totalSteps = numEpochs * sampler.numBatches;
// The parameters as one flat tensor: clipping and the optimizer are one pass over it.
using parameters = FlatParameters.of(model);
using optimizer = new AdamW(parameters, {
  learningRate: 2e-3,
  totalSteps,
  schedule: cosineSchedule({ warmupRatio: 0.1 }),
});

/** Mean squared error of some questions, with its graph. */
function lossOf(questions: readonly Question[], isTraining: boolean): Tensor {
  const inputs = batchInputs(questions, tokenizer, store, { maxLength: 20 });
  const difference = ops.sub(model.forward(inputs, isTraining), tensor(questions.map(countOf))); // (B)
  return ops.mean(ops.mul(difference, difference));
}

const validate = (): number => scope(() => noGrad(() => lossOf(validation, false).item()));

console.log(`Before: mean squared error ${validate().toFixed(2)}.`);
for (let epoch = 0; epoch < numEpochs; epoch++) {
  let sum = 0;
  for (const batch of sampler.epoch(epoch)) {
    // Whatever a step makes ends with it; what stays are the parameters and the optimizer's state.
    sum += scope(() => {
      const questions = Array.from(batch, (index) => training[index] as Question);
      const loss = lossOf(questions, true);
      loss.backward();
      const { scale } = clipGradients(parameters, 5);
      optimizer.step(scale);
      return loss.item();
    });
  }
  console.log(
    `Epoch ${epoch}: loss ${(sum / sampler.numBatches).toFixed(3)}, validation ${validate().toFixed(3)}`,
  );
}
console.log(`After: mean squared error ${validate().toFixed(2)}.`);
