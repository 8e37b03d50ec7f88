/**
 * @file This project as one of those that are measured in turn, in a process of its own as they are:
 * `node ownPeer.js FOLDER PRECISION...` answers bursts of questions about the peers' own weights.
 */

import path from 'node:path';
import { loadModel } from '../../inference/modelFolder.js';
import type { AnsweringPrecision } from '../../model/index.js';
import { noGrad, runtimeLine, scope, type Tensor } from '../../torch/index.js';
import { askedBursts, type Burst, type Measured, sayLine } from './measuredProcess.js';
import { inputsOf } from './modelInputs.js';
import { type OwnHello, SEEN } from './peers.js';
import { type BenchQuestion, NUM_QUESTIONS, writeQuestions } from './questions.js';

const [, , folder = '', ...precisions] = process.argv;
const { questions, vocabulary, answers } = writeQuestions(folder, NUM_QUESTIONS);
const source = { model: path.join(folder, 'huggingface'), vocabulary, answers };
const models = new Map<string, Awaited<ReturnType<typeof loadAnswering>>>();
for (const precision of precisions)
  models.set(precision, await loadAnswering(precision as AnsweringPrecision));
await sayLine({ runtime: runtimeLine() } satisfies OwnHello);
for await (const burst of askedBursts()) await sayLine(measured(burst));

async function loadAnswering(precision: AnsweringPrecision) {
  const loaded = await loadModel({ ...source, precision });
  const [model] = loaded.models;
  if (model === undefined) throw new Error('The folder has no model.');
  return model;
}

function measured(burst: Burst): Measured {
  const [who, precision = ''] = burst.peer.split(': ');
  const model = models.get(precision);
  if (model === undefined) throw new Error(`There is no ${precision} model here.`);
  return scope(() =>
    noGrad(() => {
      const inputs = inputsOf(burst.questions.map((i) => questions[i] as BenchQuestion));
      const images = who === SEEN ? model.encoder.encodeImages(inputs) : undefined;
      const logits = (): Tensor => {
        const { logits } =
          images === undefined ? model.forward(inputs) : model.forwardEncoded(inputs, images);
        const found = logits.answer;
        if (found === undefined) throw new Error('The model has no answer head.');
        return found;
      };
      return repeated(burst, () => scope(() => logits().toFloat32Array()));
    }),
  );
}

function repeated(
  { warmUp, atLeast, seconds: wanted, logits, questions: asked }: Burst,
  answer: () => Float32Array,
): Measured {
  for (let i = 0; i < warmUp; i++) answer();
  const seconds: number[] = [];
  let last: Float32Array = new Float32Array();
  const begun = performance.now();
  while (seconds.length < atLeast || performance.now() - begun < 1000 * wanted) {
    const start = performance.now();
    last = answer();
    seconds.push((performance.now() - start) / 1000);
  }
  if (!logits) return { seconds };
  const width = last.length / asked.length;
  return { seconds, logits: asked.map((_, i) => [...last.subarray(i * width, (i + 1) * width)]) };
}
