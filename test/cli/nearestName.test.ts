/** @file Mistyped names find what was meant, and foreign ones find nothing. */

import { describe, expect, it } from 'vitest';
import { nearestName } from '../../src/cli/nearestName.js';

const names = ['learning-rate', 'warmup-ratio', 'batch-size', 'epochs', 'load', 'load-encoder', 'seed'];

describe('nearestName', () => {
  it.each([
    ['learning-rat', 'learning-rate'],
    ['laerning-rate', 'learning-rate'],
    ['learningRate', 'learning-rate'],
    ['LEARNING_RATE', 'learning-rate'],
    ['epoch', 'epochs'],
    ['sede', 'seed'],
    ['laod', 'load'],
    ['warmup', 'warmup-ratio'],
    ['encoder', 'load-encoder'],
    ['lr', undefined],
    ['', undefined],
    ['dropout', undefined],
    ['s', undefined],
  ])('%j is %j', (name, meant) => {
    expect(nearestName(name, names)).toBe(meant);
  });

  it('does not compute long over a hostile name', () => {
    expect(nearestName('x'.repeat(1_000_000), names)).toBeUndefined();
  });
});
