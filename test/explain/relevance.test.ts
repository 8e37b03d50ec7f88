import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { relevancesOf } from '../../src/explain/relevance.js';
import { type LxmertInputs, useForInference } from '../../src/model/index.js';
import { scope, type Tensor } from '../../src/torch/index.js';
import { liveTensors } from '../../src/torch/liveTensors.js';
import * as ops from '../../src/torch/operators/index.js';
import { testDevices } from '../support/devices.js';
import { Golden } from '../support/golden.js';
import { goldenInputs, goldenModel } from '../support/goldenModel.js';

/** One golden question and picture; rows left out of the file are named by their number. */
interface Case {
  readonly example: number;
  readonly answers: readonly {
    readonly answer: number;
    readonly wordsOnWords: readonly (readonly number[])[];
    readonly wordsOnRegions: readonly (readonly number[])[];
    readonly regionsOnWords: readonly (readonly number[])[];
    readonly regionsOnRegions: readonly (readonly number[])[];
  }[];
}

/**
 * Made with another implementation of the model (transformers' LXMERT, float64, gradients of PyTorch 2) on the golden
 * weights and the paper's rules written out in NumPy. Of the larger maps only the first rows.
 */
const cases = JSON.parse(
  readFileSync(new URL('fixtures/relevance.json', import.meta.url), 'utf8'),
) as readonly Case[];

function inputsOf(golden: Golden, example: number): LxmertInputs {
  const batch = goldenInputs(golden, 'vqa');
  const numWords = ops.sum(ops.narrow(batch.attentionMask, 0, example, 1)).item();
  const one = (values: Tensor): Tensor => ops.narrow(values, 0, example, 1);
  const cut = (values: Tensor): Tensor => ops.contiguous(ops.narrow(one(values), 1, 0, Number(numWords)));
  return {
    inputIds: cut(batch.inputIds),
    tokenTypeIds: cut(batch.tokenTypeIds),
    attentionMask: cut(batch.attentionMask),
    features: one(batch.features),
    boxes: one(batch.boxes),
  };
}

/** The largest difference, as a share of the largest expected value; rows beyond the expected ones are not compared. */
function difference(found: Tensor, expected: readonly (readonly number[])[]): number {
  const values = found.toFloat32Array();
  const flat = expected.flat();
  expect(values.length).toBeGreaterThanOrEqual(flat.length);
  const largest = Math.max(...flat.map(Math.abs));
  return Math.max(...flat.map((value, i) => Math.abs(value - values[i]!))) / largest;
}

describe('relevance', () => {
  it.each(testDevices)("follows the paper's rules on %s: equal to another implementation's", (device) => {
    const golden = new Golden();
    using model = goldenModel(golden, 'vqa');
    useForInference(model, 'float32', device);
    for (const { example, answers } of cases) {
      scope(() => {
        const found = relevancesOf(
          model,
          inputsOf(golden, example),
          answers.map(({ answer }) => answer),
        );
        for (const [i, expected] of answers.entries()) {
          for (const map of [
            'wordsOnWords',
            'wordsOnRegions',
            'regionsOnWords',
            'regionsOnRegions',
          ] as const) {
            expect(difference(found[i]![map], expected[map]), `${example}, ${i}, ${map}`).toBeLessThan(1e-4);
          }
        }
      });
    }
  });

  it('is about the same in bfloat16', () => {
    const golden = new Golden();
    using model = goldenModel(golden, 'vqa');
    useForInference(model, 'bfloat16');
    const [{ example, answers }] = cases as [Case];
    scope(() => {
      const [found] = relevancesOf(model, inputsOf(golden, example), [answers[0]!.answer]);
      expect(difference(found!.wordsOnRegions, answers[0]!.wordsOnRegions)).toBeLessThan(0.1);
    });
  });

  it('leaves the model as it was: without gradients, and no tensor more', () => {
    const golden = new Golden();
    using model = goldenModel(golden, 'vqa');
    useForInference(model, 'float32');
    const ask = (): void => scope(() => void relevancesOf(model, inputsOf(golden, 0), [1, 2]));
    ask();
    const before = liveTensors();
    ask();
    expect(liveTensors()).toBe(before);
    for (const [name, parameter] of model.namedParameters()) {
      expect(parameter.requiresGrad, name).toBe(false);
      expect(parameter.grad, name).toBeNull();
    }
  });
});
