/** @file `lxmert checkpoint convert`. */

import { z } from 'zod';
import { convertCheckpoint } from '../../checkpoint/index.js';
import { defineCommand } from '../command.js';
import { existingFile, outputPath } from '../options.js';

export const command = defineCommand({
  description:
    'Writes weights under the names of the reference or of Hugging Face. The ending of the output chooses the layout: ' +
    '.safetensors, or .pth or .bin for the zip layout of torch. Values and element types stay as they are.',
  examples: [
    {
      command: 'lxmert checkpoint convert model_LXRT.pth model.safetensors --to huggingface',
      does: 'makes a file for transformers from the published weights',
    },
  ],
  arguments: z.strictObject({
    input: existingFile().describe('Weights to read (.pth, .bin, .safetensors)'),
    output: outputPath().describe('File to write'),
  }),
  options: z.strictObject({
    to: z.enum(['reference', 'huggingface']).describe('Whose names to write'),
  }),
  run: ({ arguments: { input, output }, options }) => convertCheckpoint(input, output, options.to),
  render: ({ output, numTensors, names, leftOut }) =>
    [
      `Wrote ${numTensors} tensors with ${names} names to ${output}.`,
      ...(leftOut.length > 0 ? [`Left out, no part of LXMERT: ${leftOut.join(', ')}.`] : []),
    ].join('\n'),
});
