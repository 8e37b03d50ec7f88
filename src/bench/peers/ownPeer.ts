/**
 * @file This project as one of those that are measured in turn, in a process of its own as they are:
 * `node ownPeer.js FOLDER PRECISION...` answers bursts of questions about the peers' own weights.
 */

import path from 'node:path';
import { loadModel } from '../../inference/modelFolder.js';
import type { AnsweringPrecision } from '../../model/index.js';
import { getNumThreads, noGrad, runtimeLine, scope, type Tensor } from '../../torch/index.js';
import { askedBursts, type Burst, type Measured, sayLine, timed } from './measuredProcess.js';
import { inputsOf } from './modelInputs.js';
import { type OwnHello, SEEN } from './peers.js';
import { type BenchQuestion, drawQuestions, NUM_QUESTIONS, questionFiles } from './questions.js';

const [, , folder = '', ...precisions] = process.argv;
const questions = drawQuestions(NUM_QUESTIONS);
const source = { model: path.join(folder, 'huggingface'), ...questionFiles(folder) };
const models = new Map<string, Awaited<ReturnType<typeof loadAnswering>>>();
for (const precision of precisions)
  models.set(precision, await loadAnswering(precision as AnsweringPrecision));
await sayLine({ runtime: runtimeLine(), numThreads: getNumThreads() } satisfies OwnHello);
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

function repeated(burst: Burst, answer: () => Float32Array): Measured {
  const seconds: number[] = [];
  let last: Float32Array = new Float32Array();
  for (const _ of timed(burst, seconds)) last = answer();
  if (!burst.logits) return { seconds };
  const width = last.length / burst.questions.length;
  return { seconds, logits: burst.questions.map((_, i) => [...last.subarray(i * width, (i + 1) * width)]) };
}
