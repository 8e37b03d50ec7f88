/** @file `lxmert checkpoint convert`. */

import { z } from 'zod';
import { convertCheckpoint, type WrittenConfig } from '../../checkpoint/index.js';
import { defineCommand } from '../command.js';
import { existingFile, outputPath } from '../options.js';

export const command = defineCommand({
  description:
    'Writes weights under the names of the reference or of Hugging Face. The ending of the output chooses the layout: ' +
    '.safetensors, or .pth or .bin for the zip layout of torch. Values and element types stay as they are. For Hugging ' +
    'Face, a config.json goes beside the weights unless there is one.',
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
    attentionHeads: z
      .int()
      .min(1)
      .optional()
      .describe('Attention heads, for config.json [default: hidden size / 64]'),
  }),
  run: ({ arguments: { input, output }, options }) =>
    convertCheckpoint(input, output, { to: options.to, numAttentionHeads: options.attentionHeads }),
  render: ({ output, numTensors, names, leftOut, config }) =>
    [
      `Wrote ${numTensors} tensors with ${names} names to ${output}.`,
      ...(config === undefined ? [] : [configLine(config)]),
      ...(leftOut.length > 0 ? [`Left out, no part of LXMERT: ${leftOut.join(', ')}.`] : []),
    ].join('\n'),
});

function configLine({ file, outcome, numAttentionHeads }: WrittenConfig): string {
  switch (outcome) {
    case 'written':
      return `Wrote ${file}, with ${numAttentionHeads} attention heads.`;
    case 'kept':
      return `${file} was there and stays as it is.`;
    case 'unknown heads':
      return `No ${file} was written: weights do not tell the number of attention heads. Name it with --attention-heads.`;
  }
}
