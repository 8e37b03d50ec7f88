/** @file Numbers as text, at the borders where another unit or form begins. */

import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatGibibytes,
  formatMegabytes,
  formatMillions,
  formatNumber,
  formatPercent,
  formatRate,
  formatSeconds,
} from '../../src/formats/numbers.js';

describe('formatDuration', () => {
  it.each([
    [0.2, '1 s'],
    [59, '59 s'],
    [90, '1 min 30 s'],
    [3725, '1 h 02 min'],
  ])('%d', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe('formatSeconds', () => {
  it.each([
    [0.02461, '24.6 ms'],
    [0.9996, '999.6 ms'],
    [1.884, '1.88 s'],
  ])('%d', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });
});

describe('formatRate', () => {
  it.each([
    [0.752, '0.75'],
    [99.4, '99'],
    [99.6, '100'],
    [2190.4, '2,190'],
  ])('%d', (rate, text) => {
    expect(formatRate(rate)).toBe(text);
  });
});

describe('bytes', () => {
  it('are in powers of ten on disks', () => {
    expect([0, 999, 1000, 1234567, 18.2e9, 999.6e6].map(formatBytes)).toEqual([
      '0 B',
      '999 B',
      '1 kB',
      '1.23 MB',
      '18.2 GB',
      '1 GB',
    ]);
    expect(formatMegabytes(831_649_792)).toBe('831.6 MB');
  });

  it('are in powers of two in memory', () => {
    expect([formatGibibytes(2 ** 28), formatGibibytes(80 * 2 ** 30, 1)]).toEqual(['0.25 GiB', '80.0 GiB']);
  });
});

describe('counts and shares', () => {
  it('have separators, nouns and units', () => {
    expect([formatNumber(999), formatNumber(2190), formatMillions(207_914_000)]).toEqual([
      '999',
      '2,190',
      '207.91 M',
    ]);
    expect(['epoch', 'box', 'batch', 'entry', 'key'].map((noun) => formatCount(2, noun))).toEqual([
      ...['2 epochs', '2 boxes', '2 batches', '2 entries', '2 keys'],
    ]);
    expect([1, 0, 2190].map((count) => formatCount(count, 'shard'))).toEqual([
      '1 shard',
      '0 shards',
      '2,190 shards',
    ]);
    expect([formatPercent(0.69904), formatPercent(1, 1), formatPercent(0.0004, 1)]).toEqual([
      '69.90 %',
      '100.0 %',
      '0.0 %',
    ]);
  });
});
