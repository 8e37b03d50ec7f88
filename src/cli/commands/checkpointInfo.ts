/** @file `lxmert checkpoint info`. */

import { z } from 'zod';
import { CheckpointFile, describeCheckpoint, renderDescription } from '../../checkpoint/index.js';
import { headPrefixes } from '../../tasks/registry.js';
import { describeDetector, renderDetectorDescription } from '../../vision/detector/weightsDescription.js';
import { detectorSource } from '../../vision/detector/weightsFamily.js';
import { defineCommand } from '../command.js';
import { weightsFile } from '../options.js';

export const command = defineCommand({
  description:
    'Says what a weights file is: layout, whose names, what kind of model, layers, tensors, parameters, bytes, and who ' +
    "can load it; for the region detector's weights, which tensors of the file it uses. Reads the descriptions only, and " +
    'runs nothing that the file contains.',
  examples: [
    { command: 'lxmert checkpoint info model_LXRT.pth', does: 'describes the published weights' },
    {
      command: 'lxmert checkpoint info resnet101_faster_rcnn_final_iter_320000.caffemodel',
      does: "describes the region detector's",
    },
  ],
  arguments: z.strictObject({
    file: weightsFile().describe(
      'Weights (.pth, .bin, .safetensors; of the detector also .caffemodel, .pkl)',
    ),
  }),
  options: z.strictObject({}),
  run: async ({ arguments: { file } }) => {
    const checkpoint = await CheckpointFile.open(file);
    return detectorSource(checkpoint) === undefined
      ? describeCheckpoint(checkpoint, await headPrefixes())
      : describeDetector(checkpoint);
  },
  render: (description) =>
    description.kind === 'detector' ? renderDetectorDescription(description) : renderDescription(description),
});
