import { expect, it } from 'vitest';
import { comparisonTable } from '../../bench/device/comparisonTable.js';

it('holds implementations against each other and the device, and says why a row is missing', () => {
  const row = { work: 'finetune', batchSize: 256, precision: 'bfloat16' };
  const table = comparisonTable([
    { implementation: 'matrix', work: 'matrix', precision: 'bfloat16', matrixTeraflops: 600 },
    { implementation: 'lxmert', work: 'matrix', precision: 'bfloat16', matrixTeraflops: 800 },
    {
      implementation: 'huggingface',
      ...row,
      compiled: false,
      examplesPerSecond: 2000,
      secondsPerStep: 0.128,
    },
    { implementation: 'huggingface', ...row, compiled: true, skipped: 'No compiler.' },
    { implementation: 'lxmert', ...row, examplesPerSecond: 1, secondsPerStep: 256, operationsPerStep: 1 },
    // Measured again: this one counts.
    {
      implementation: 'lxmert',
      ...row,
      examplesPerSecond: 6400,
      secondsPerStep: 0.04,
      operationsPerStep: 16e12,
    },
  ]);
  const lines = table.split('\n').slice(2);
  expect(lines).toEqual([
    '| finetune 256 | huggingface, bfloat16 | 2000 | 128 | 3.20 times | 16 % |',
    '| finetune 256 | huggingface, bfloat16, compiled | not measured: No compiler. |  |  |  |',
    '| finetune 256 | lxmert, bfloat16 | 6400 | 40.0 |  | 50 % |',
  ]);
});
