import { describe, expect, it } from 'vitest';
import { withPlainOperators } from '../../../src/model/index.js';
import { DEFAULT_LOSSES, LOSS_KEYS, LOSS_TITLES } from '../../../src/tasks/pretraining/labels.js';
import { pretrainingLosses } from '../../../src/tasks/pretraining/losses.js';
import { noGrad, scope } from '../../../src/torch/index.js';
import { BertAdam } from '../../../src/train/optimizers/bertAdam.js';
import { clipGradients } from '../../../src/train/optimizers/clipGradients.js';
import { FlatParameters } from '../../../src/train/optimizers/flatParameters.js';
import { deviceClip } from '../../support/deviceClip.js';
import { testDevices } from '../../support/devices.js';
import { Golden, maxDifference, normOf } from '../../support/golden.js';
import { goldenPretrainingBatch, goldenPretrainingModel } from '../../support/goldenPretraining.js';

/** This project's own operators, and libtorch's. */
const VERSIONS = testDevices.flatMap(
  (device) =>
    [
      [device, 'fused', <T>(body: () => T): T => body()],
      [device, 'plain', withPlainOperators],
    ] as const,
);

describe.each(VERSIONS)('pre-training on %s, %s', (device, _, run) => {
  it('has the reference losses and answer scores', async () => {
    const golden = new Golden();
    const { loss_names, steps } = golden.index.pretrain;
    using model = (await goldenPretrainingModel(golden)).moveTo(device);
    scope(() =>
      noGrad(() => {
        const batch = goldenPretrainingBatch(golden);
        const { total, losses } = run(() =>
          pretrainingLosses(model, batch, DEFAULT_LOSSES, { training: true }),
        );
        expect(LOSS_KEYS.map((key) => LOSS_TITLES[key])).toEqual(loss_names);
        for (const [i, key] of LOSS_KEYS.entries()) {
          const expected = steps[0]!.losses[i]!;
          expect(Math.abs(losses[key]!.item() / expected - 1), key).toBeLessThan(1e-5);
        }
        expect(Math.abs(total.item() / steps[0]!.total - 1)).toBeLessThan(1e-5);
        const { answers } = run(() =>
          model.forward(batch.inputs, { answers: Int32Array.from(batch.labels.answers.keys()) }),
        );
        expect(maxDifference(answers!.toFloat32Array(), golden.values('pretrain/answer_score'))).toBeLessThan(
          2e-5,
        );
      }),
    );
  });

  it.each(['their own', 'flat buffers'])('has the reference gradients, in %s', async (where) => {
    const golden = new Golden();
    using model = (await goldenPretrainingModel(golden)).moveTo(device);
    using flat = where === 'flat buffers' ? FlatParameters.of(model, 'float32', device) : undefined;
    scope(() => {
      const { total } = run(() => pretrainingLosses(model, goldenPretrainingBatch(golden), DEFAULT_LOSSES));
      total.backward();
      const gradients = model.namedGradients();
      const names = golden.names('pretrain/grad/');
      expect(names.length).toBeGreaterThan(20);
      for (const name of names) {
        const values = golden.values(`pretrain/grad/${name}`);
        const actual = gradients.get(name)!.toFloat32Array();
        const norm = normOf(values);
        if (norm === 0) expect(normOf(actual), name).toBe(0);
        else expect(maxDifference(actual, values) / norm, name).toBeLessThan(1e-4);
      }
      for (const [name, norm] of Object.entries(golden.index.pretrain.grad_l2_first_step)) {
        const actual = normOf(gradients.get(name)!.toFloat32Array());
        if (norm < 1e-6) expect(actual, name).toBeLessThan(1e-5);
        else expect(Math.abs(actual / norm - 1), name).toBeLessThan(1e-4);
      }
      for (const gradient of gradients.values()) gradient?.dispose();
      for (const { tensor } of model.leaves().values()) tensor.grad = null;
    });
    expect(flat === undefined).toBe(where === 'their own');
  });

  it('has the reference losses, norms, rates and parameters over five steps', async () => {
    const golden = new Golden();
    using model = (await goldenPretrainingModel(golden)).moveTo(device);
    using parameters = FlatParameters.of(model, 'float32', device);
    using optimizer = new BertAdam(parameters, { learningRate: 1e-3, totalSteps: 20 });
    const compare = (after: string): void => {
      const named = model.namedParameters();
      const names = golden.names(`pretrain/${after}/`).filter((name) => !name.endsWith('decoder.weight'));
      for (const name of names) {
        const difference = maxDifference(
          named.get(name)!.toFloat32Array(),
          golden.values(`pretrain/${after}/${name}`),
        );
        expect(difference, `${name} ${after}`).toBeLessThan(1e-5);
      }
    };
    const losses = () => run(() => pretrainingLosses(model, goldenPretrainingBatch(golden), DEFAULT_LOSSES));
    for (const [step, expected] of golden.index.pretrain.steps.entries()) {
      scope(() => {
        const { total, losses: each } = losses();
        for (const [i, key] of LOSS_KEYS.entries()) {
          const relative = each[key]!.item() / expected.losses[i]! - 1;
          expect(Math.abs(relative), `${key} at step ${step}`).toBeLessThan(1e-5);
        }
        total.backward();
        const { norm, scale } = device === 'cpu' ? clipGradients(parameters, 1) : deviceClip(parameters, 1);
        expect(Math.abs(norm / expected.grad_norm - 1), `norm at step ${step}`).toBeLessThan(1e-4);
        expect(optimizer.learningRateAt(step)).toBeCloseTo(expected.lr, 12);
        optimizer.step(scale);
      });
      if (step === 1) compare('after2');
    }
    compare('after5');
    scope(() =>
      noGrad(() => {
        const { total } = golden.index.pretrain.after_5_steps;
        expect(Math.abs(losses().total.item() / total - 1)).toBeLessThan(1e-5);
      }),
    );
  });
});
