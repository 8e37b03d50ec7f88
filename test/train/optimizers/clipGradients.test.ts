import { describe, expect, it } from 'vitest';
import { tensor } from '../../../src/torch/index.js';
import { clipGradients } from '../../../src/train/optimizers/clipGradients.js';
import { flatOf } from '../../support/flatLeaves.js';

describe('clipGradients', () => {
  it('scales to the norm only when above it', () => {
    using a = tensor([0, 0]);
    using b = tensor([0]);
    using flat = flatOf({ a, b });
    using ga = tensor([3, 0]);
    using gb = tensor([4]);
    a.grad = ga;
    b.grad = gb;
    expect(clipGradients(flat, 10)).toEqual({ norm: 5, scale: 1 });
    const clipped = clipGradients(flat, 1);
    expect(clipped.norm).toBeCloseTo(5, 6);
    expect(4 * clipped.scale).toBeCloseTo(0.8, 5);
    flat.zeroGrad();
    expect(clipGradients(flat, 1)).toEqual({ norm: 0, scale: 1 });
  });
});
