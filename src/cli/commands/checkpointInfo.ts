/** @file `lxmert checkpoint info`. */

import { z } from 'zod';
import {
  CheckpointFile,
  describeCheckpoint,
  modelSettings,
  modelSizes,
  renderDescription,
  summarizeValues,
} from '../../checkpoint/index.js';
import { LxmertError } from '../../common/errors.js';
import { headPrefixes } from '../../tasks/registry.js';
import { describeDetector, renderDetectorDescription } from '../../vision/detector/weightsDescription.js';
import { detectorSource } from '../../vision/detector/weightsFamily.js';
import { defineCommand } from '../command.js';
import { weightsFile } from '../options.js';
import { untoldOptions } from '../sharedOptions/modelOptions.js';

export const command = defineCommand({
  description:
    'Says what a weights file is: layout, whose names, what kind of model, layers, tensors, parameters, bytes, and who ' +
    'can load it; which of several models in the file is meant, what its attention heads are and what says so, and whether ' +
    "values are missing or were never trained; for the region detector's weights, which tensors of the file it uses. " +
    'Runs nothing that the file contains.',
  examples: [
    { command: 'lxmert checkpoint info model_LXRT.pth', does: 'describes the published weights' },
    {
      command: 'lxmert checkpoint info resnet101_faster_rcnn_final_iter_320000.caffemodel',
      does: "describes the region detector's",
    },
  ],
  needsLibtorch: true,
  arguments: z.strictObject({
    file: weightsFile().describe(
      'Weights (.pth, .bin, .safetensors; of the detector also .caffemodel, .pkl)',
    ),
  }),
  options: z.strictObject(untoldOptions),
  run: async ({ arguments: { file }, options }) => {
    const checkpoint = await CheckpointFile.open(file);
    if (detectorSource(checkpoint) !== undefined) return describeDetector(checkpoint);
    modelSizes(checkpoint);
    const given = { numAttentionHeads: options.attentionHeads, configFile: options.modelConfig };
    const facts = await modelSettings(checkpoint, given).then(
      (settings) => ({ settings }),
      (error: unknown) => ({ configFault: sentenceOf(error) }),
    );
    const values = summarizeValues(checkpoint);
    return describeCheckpoint(checkpoint, await headPrefixes(), { ...facts, values });
  },
  render: (description) =>
    description.kind === 'detector' ? renderDetectorDescription(description) : renderDescription(description),
});

/** What is wrong with a configuration is a part of what is said about the file. */
function sentenceOf(error: unknown): string {
  if (error instanceof LxmertError) return error.message;
  throw error;
}
