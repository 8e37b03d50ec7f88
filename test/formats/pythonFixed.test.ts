import { describe, expect, it } from 'vitest';
import { formatPercent } from '../../src/formats/numbers.js';
import { formatFixed } from '../../src/formats/pythonFixed.js';

// What Python prints of them: [format(value, f'.{n}f') for n in (0, 1, 2, 3)].
const PRINTED: readonly (readonly [number, readonly string[]])[] = [
  [3.125, ['3', '3.1', '3.12', '3.125']],
  [0.125, ['0', '0.1', '0.12', '0.125']],
  [0.375, ['0', '0.4', '0.38', '0.375']],
  [2.5, ['2', '2.5', '2.50', '2.500']],
  [0.5, ['0', '0.5', '0.50', '0.500']],
  [1.5, ['2', '1.5', '1.50', '1.500']],
  [-3.125, ['-3', '-3.1', '-3.12', '-3.125']],
  [-0.0, ['-0', '-0.0', '-0.00', '-0.000']],
  [-0.001, ['-0', '-0.0', '-0.00', '-0.001']],
  [1.005, ['1', '1.0', '1.00', '1.005']],
  [2.675, ['3', '2.7', '2.67', '2.675']],
  [0.005, ['0', '0.0', '0.01', '0.005']],
  [62.5, ['62', '62.5', '62.50', '62.500']],
  [99.995, ['100', '100.0', '100.00', '99.995']],
  [6.25, ['6', '6.2', '6.25', '6.250']],
  [18.75, ['19', '18.8', '18.75', '18.750']],
  [1e-7, ['0', '0.0', '0.00', '0.000']],
  [5e-324, ['0', '0.0', '0.00', '0.000']],
  [123456789.125, ['123456789', '123456789.1', '123456789.12', '123456789.125']],
  [0.0625, ['0', '0.1', '0.06', '0.062']],
  [9.5, ['10', '9.5', '9.50', '9.500']],
  [10.5, ['10', '10.5', '10.50', '10.500']],
  [0.015625, ['0', '0.0', '0.02', '0.016']],
  [2.5e22, ['24999999999999997902848', '24999999999999997902848.0', '24999999999999997902848.00']],
  [Number.NaN, ['nan', 'nan']],
  [Number.NEGATIVE_INFINITY, ['-inf', '-inf']],
];

describe('a fixed number of decimals', () => {
  it.each(PRINTED)('of %d is as Python prints it', (value, texts) => {
    expect(texts.map((_, numDecimals) => formatFixed(value, numDecimals))).toEqual(texts);
  });

  it('differs from toFixed at ties to an even digit alone', () => {
    let numTies = 0;
    for (let eighths = 0; eighths <= 800; eighths++) {
      const value = eighths / 8; // exact
      const isTie = eighths % 2 === 1; // at the third decimal: .125, .375, .625, .875
      // Hundredths below the value, exact in whole numbers.
      const below = Math.floor((eighths * 100) / 8);
      const rounded = isTie ? below + (below % 2) : Math.round((eighths * 100) / 8);
      expect(formatFixed(value, 2)).toBe(
        `${Math.floor(rounded / 100)}.${String(rounded % 100).padStart(2, '0')}`,
      );
      if (formatFixed(value, 2) !== value.toFixed(2)) numTies++;
    }
    expect(numTies).toBe(200);
  });

  it('is that of percentages', () => {
    expect(formatPercent(1 / 32)).toBe('3.12 %');
    expect(formatPercent(0.699)).toBe('69.90 %');
  });
});
