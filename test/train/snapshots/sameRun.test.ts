import { describe, expect, it } from 'vitest';
import { requireSameRun } from '../../../src/train/snapshots/sameRun.js';

const before = {
  maxLength: 20,
  model: { hiddenSize: 16 },
  settings: { numEpochs: 3, learningRate: 1e-3 },
  data: { trainingQuestions: 40 },
};
const now = {
  ...before,
  settings: { ...before.settings, optimizer: 'bertadam', schedule: 'linear', weightDecay: 0.01 },
};

describe('a run that goes on', () => {
  it('is one of version 0.1.0 with what was then the only optimizer, schedule and decay', () => {
    expect(() => requireSameRun(before, now)).not.toThrow();
    for (const [key, value] of Object.entries({ optimizer: 'adamw', schedule: 'cosine', weightDecay: 0 })) {
      const settings = { ...now.settings, [key]: value };
      expect(() => requireSameRun(before, { ...now, settings }), key).toThrow(
        new RegExp(`started with ${key} = .*, but now it is ${value}`),
      );
    }
  });

  it('may name the parts of a setting in any order', () => {
    const sampling = { matching: true, wordMaskRate: 0.15, regionMaskRate: 0.15 };
    const other = { regionMaskRate: 0.15, wordMaskRate: 0.15, matching: true };
    const withSampling = (parts: object) => ({ ...now, settings: { ...now.settings, sampling: parts } });
    expect(() => requireSameRun(withSampling(other), withSampling(other))).not.toThrow();
    expect(() => requireSameRun(withSampling(sampling), withSampling(other))).not.toThrow();
    const changed = { ...other, wordMaskRate: 0.2 };
    expect(() => requireSameRun(withSampling(sampling), withSampling(changed))).toThrow('sampling = ');
  });

  it('may name a setting that is nested thousands deep, which is another one', () => {
    const deep: unknown = JSON.parse(`${'{"a":['.repeat(50_000)}1${']}'.repeat(50_000)}`);
    const damaged = { ...now, settings: { ...now.settings, optimizer: deep } };
    expect(() => requireSameRun(damaged, now)).toThrow(
      'The run was started with optimizer = a value that is nested thousands deep, but now it is bertadam (--optimizer)',
    );
  });

  it('has the model, settings and data that it was started with', () => {
    expect(() => requireSameRun(now, { ...now, model: { hiddenSize: 32 } })).toThrow('hiddenSize = 16');
    expect(() => requireSameRun(now, { ...now, data: { trainingQuestions: 41 } })).toThrow('now it is 41');
    expect(() => requireSameRun({ anything: 1 }, now)).toThrow('no configuration');
  });

  it('may go on for more epochs, not for fewer', () => {
    const withEpochs = (numEpochs: number) => ({ ...now, settings: { ...now.settings, numEpochs } });
    expect(requireSameRun(now, withEpochs(5)).settings.numEpochs).toBe(3);
    expect(() => requireSameRun(now, withEpochs(2))).toThrow('numEpochs = 3, but now it is 2 (--epochs)');
  });

  it('names all that differs with the flags that say it, and not what follows from them', () => {
    const model = { hiddenSize: 32, intermediateSize: 128, hiddenDropout: 0.1, attentionDropout: 0.1 };
    const settings = { ...now.settings, batchSize: 8 };
    const started = { ...now, model: { ...model, hiddenSize: 16, intermediateSize: 64, hiddenDropout: 0 } };
    expect(() =>
      requireSameRun({ ...started, settings: { ...settings, batchSize: 4 } }, { ...now, model, settings }),
    ).toThrow(`The run was started with
  hiddenSize = 16, but now it is 32 (--hidden-size)
  hiddenDropout = 0, but now it is 0.1 (--dropout)
  batchSize = 4, but now it is 8 (--batch-size)
Resume with the same settings and data (only --epochs may be raised)`);
  });
});
