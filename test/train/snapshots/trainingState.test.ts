import { describe, expect, it } from 'vitest';
import { TrainingProgress, trainingStateSchema } from '../../../src/train/snapshots/trainingState.js';

describe('the losses of an epoch', () => {
  it('are averaged over the steps that have one, which those are not that float16 left out', () => {
    const progress = new TrainingProgress();
    for (const loss of [3, Number.POSITIVE_INFINITY, 5, Number.NaN]) {
      progress.addLosses({ loss, losses: { Words: 2 * loss } });
    }
    expect(progress.meanLosses()).toEqual({ meanLoss: 4, meanLosses: { Words: 8 } });
    progress.nextEpoch();
    progress.addLosses({ loss: 7 });
    expect(progress.meanLosses()).toEqual({ meanLoss: 7 });
  });

  it('are so after a resume too', () => {
    const before = new TrainingProgress();
    for (const loss of [3, Number.NaN, 5]) {
      before.addLosses({ loss });
      before.batch++;
    }
    const kept = trainingStateSchema.parse(JSON.parse(JSON.stringify(before.state())));
    const after = new TrainingProgress(kept);
    after.addLosses({ loss: 10 });
    expect(after.meanLosses()).toEqual({ meanLoss: 6 });
  });

  it('of a snapshot of version 0.1.0 are those of all its batches', () => {
    const kept = trainingStateSchema.parse({
      step: 44,
      epoch: 1,
      batch: 4,
      epochLoss: 8,
      bestScore: 0.5,
      bestEpoch: 0,
    });
    const progress = new TrainingProgress(kept);
    progress.addLosses({ loss: 7 });
    expect(progress.meanLosses()).toEqual({ meanLoss: 3 });
    expect(progress.state()).toMatchObject({ step: 44, epoch: 1, bestScore: 0.5, bestEpoch: 0 });
  });
});
