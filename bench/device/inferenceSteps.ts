/** @file Answers to batches of questions, from host memory to the answer's number and back. */

import { medianOf } from '../../src/bench/measure.js';
import { forwardOperations } from '../../src/bench/operations.js';
import { NUM_REGIONS } from '../../src/bench/questions.js';
import { questionAnsweringModel, useForInference } from '../../src/model/index.js';
import { PREDICTION_ROW_UNIT } from '../../src/tasks/predict.js';
import { disposeTensors, hasGraphs, noGrad, ShapeGraphs, scope } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import { madeUpBatch, NUM_BATCHES } from './batches.js';
import type { StepSettings, TimedSteps } from './steps.js';

export function inferenceSteps(settings: StepSettings): TimedSteps {
  const { config, numAnswers, batchSize, precision, device, numSteps, warmUp } = settings;
  const model = questionAnsweringModel(config, numAnswers);
  const batches = Array.from({ length: NUM_BATCHES }, (_, i) => madeUpBatch(config, batchSize, i));
  const usesGraphs = device !== 'cpu' && hasGraphs();
  const graphs = new ShapeGraphs(device, { note: () => undefined, restore: () => undefined });
  try {
    useForInference(model, precision, device);
    const answer = (step: number): void =>
      scope(() =>
        noGrad(() => {
          const { inputs } = batches[step % NUM_BATCHES] as (typeof batches)[number];
          const placed = model.encoder.place(inputs, { rowUnit: usesGraphs ? PREDICTION_ROW_UNIT : 1 });
          const pass = (own: typeof placed) => model.forwardPlaced(own).logits.answer;
          const logits = usesGraphs ? graphs.run(placed, pass) : pass(placed);
          ops.argmax(logits, 1).toFloat32Array();
        }),
      );
    const seconds: number[] = [];
    const before = Math.max(warmUp, usesGraphs ? 4 * NUM_BATCHES : 0);
    for (let step = 0; step < before + numSteps; step++) {
      const start = performance.now();
      answer(step);
      if (step >= before) seconds.push((performance.now() - start) / 1000);
    }
    const operations = batches.map(({ numPieces }) =>
      forwardOperations(config, { numPieces, numRegions: NUM_REGIONS, numImages: batchSize }, numAnswers),
    );
    return {
      secondsPerStep: medianOf(seconds),
      operationsPerStep: operations.reduce((sum, count) => sum + count, 0) / operations.length,
      usesGraphs,
    };
  } finally {
    graphs.dispose();
    disposeTensors(batches);
    model.dispose();
  }
}
