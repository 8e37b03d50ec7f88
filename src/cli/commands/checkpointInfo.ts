/** @file `lxmert checkpoint info`. */

import { z } from 'zod';
import { CheckpointFile, describeCheckpoint, renderDescription } from '../../checkpoint/index.js';
import { defineCommand } from '../command.js';
import { existingFile } from '../options.js';

export const command = defineCommand({
  description:
    'Says what a weights file is: layout, whose names, what kind of model, layers, tensors, parameters, bytes, and who ' +
    'can load it. Reads the descriptions only, and runs nothing that the file contains.',
  examples: [{ command: 'lxmert checkpoint info model_LXRT.pth', does: 'describes the published weights' }],
  arguments: z.strictObject({ file: existingFile().describe('Weights (.pth, .bin, .safetensors)') }),
  options: z.strictObject({}),
  run: async ({ arguments: { file } }) => describeCheckpoint(await CheckpointFile.open(file)),
  render: renderDescription,
});
