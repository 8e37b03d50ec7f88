import { expect, it } from 'vitest';
import { batchSizeOf } from '../../src/extraction/settings.js';
import { plainRegions } from '../support/plainRegions.mjs';

it('takes one picture after the other on the processor, and several together on a GPU', () => {
  const detector = plainRegions();
  const options = { images: [], out: 'store' };
  expect(batchSizeOf({ ...options, detector })).toBe(1);
  expect(batchSizeOf({ ...options, detector: { ...detector, device: 'cpu' } })).toBe(1);
  expect(batchSizeOf({ ...options, detector: { ...detector, device: 'cuda:0' } })).toBe(8);
  expect(batchSizeOf({ ...options, detector: { ...detector, device: 'cuda:0' }, batchSize: 3 })).toBe(3);
});
