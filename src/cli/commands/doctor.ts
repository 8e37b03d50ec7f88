/** @file `lxmert doctor`. */

import { z } from 'zod';
import { examine, renderExamination } from '../../torch/doctor.js';
import { defineCommand } from '../command.js';

export const command = defineCommand({
  description:
    'Prints what computes on this machine (libtorch, BLAS library and kernel, threads, processor, CUDA), ' +
    'measures matrix products, and names what is wrong or slow together with the fix. ' +
    'Ends with 1 when LXMERT cannot run here.',
  examples: [
    { command: 'lxmert doctor', does: 'examines this machine in a few seconds' },
    { command: 'lxmert doctor --json --no-measure', does: 'prints the facts as JSON without measuring' },
  ],
  arguments: z.strictObject({}),
  options: z.strictObject({
    threads: z.int().min(1).max(1024).optional().describe('Measure with this many compute threads'),
    measure: z.boolean().default(true).describe('Do not measure matrix products'),
  }),
  run: ({ options, signal }) => examine({ numThreads: options.threads, measure: options.measure, signal }),
  render: renderExamination,
  exitCode: (examination) => (examination.isUsable ? 0 : 1),
});
