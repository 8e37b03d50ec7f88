/** @file `lxmert checkpoint convert`. */

import { z } from 'zod';
import {
  CheckpointFile,
  type ConvertedCheckpoint,
  convertCheckpoint,
  type WrittenConfig,
} from '../../checkpoint/index.js';
import { UsageError } from '../../common/errors.js';
import { formatCount } from '../../formats/numbers.js';
import { headPrefixes } from '../../tasks/registry.js';
import { type ConvertedDetector, convertDetector } from '../../vision/detector/weights.js';
import { detectorSource } from '../../vision/detector/weightsFamily.js';
import { renderDetectorReport } from '../../vision/detector/weightsReport.js';
import { defineCommand } from '../command.js';
import { outputFile, weightsFile } from '../options.js';
import { untoldOptions } from '../sharedOptions/modelOptions.js';

export const command = defineCommand({
  description:
    'Writes weights under the names of the reference or of Hugging Face. The ending of the output chooses the layout: ' +
    '.safetensors, or .pth or .bin for the zip layout of torch. Values and element types stay as they are. For Hugging ' +
    "Face, a config.json goes beside the weights unless there is one. With --precision int8, for answering, they take a quarter of the size. The region detector's weights (.caffemodel, .pkl, " +
    '.bin) become safetensors with norms folded and one set of names; --to is not for them.',
  examples: [
    {
      command: 'lxmert checkpoint convert model_LXRT.pth model.safetensors --to huggingface',
      does: 'makes a file for transformers from the published weights',
    },
    {
      command: 'lxmert checkpoint convert runs/vqa/BEST.pth vqa-int8.safetensors --precision int8',
      does: 'rounds the weights to 8 bits, for machines that only answer',
    },
    {
      command:
        'lxmert checkpoint convert resnet101_faster_rcnn_final_iter_320000.caffemodel detector.safetensors',
      does: "makes a file that loads at once from the region detector's weights",
    },
  ],
  needsLibtorch: true,
  arguments: z.strictObject({
    input: weightsFile().describe(
      'Weights to read (.pth, .bin, .safetensors; of the detector also .caffemodel, .pkl)',
    ),
    output: outputFile().describe('File to write'),
  }),
  options: z.strictObject({
    to: z
      .enum(['reference', 'huggingface'])
      .optional()
      .describe(
        "Whose names to write; needed for LXMERT's weights [default with --precision int8: reference]",
      ),
    precision: z
      .enum(['int8'])
      .optional()
      .describe(
        'Weights in 8 bits with a scale for each output: a quarter of the size, for --precision int8',
      ),
    ...untoldOptions,
  }),
  run: async ({ arguments: { input, output }, options }) => {
    const { precision, attentionHeads, modelConfig } = options;
    const to = options.to ?? (precision === undefined ? undefined : 'reference');
    if (precision !== undefined && to === 'huggingface') {
      throw new UsageError(
        `Hugging Face's loader cannot read weights in 8 bits of this form: leave out --to, or --precision.`,
      );
    }
    const source = detectorSource(await CheckpointFile.open(input));
    if (source === undefined) {
      if (to === undefined)
        throw new UsageError(`--to must say whose names to write: reference or huggingface.`);
      return convertCheckpoint(input, output, {
        to,
        numAttentionHeads: attentionHeads,
        configFile: modelConfig,
        heads: await headPrefixes(),
        precision,
      });
    }
    if (to !== undefined || attentionHeads !== undefined || modelConfig !== undefined) {
      throw new UsageError(
        `'${input}' holds the region detector, which has one set of names and no attention heads: leave out --to, --precision, --attention-heads and --model-config.`,
      );
    }
    return convertDetector(input, output);
  },
  render: (converted) => ('report' in converted ? detectorLines(converted) : checkpointLines(converted)),
});

function detectorLines({ output, numTensors, report }: ConvertedDetector): string {
  return `${renderDetectorReport(report)}\nWrote ${formatCount(numTensors, 'tensor')}, norms folded, to ${output}.`;
}

function checkpointLines({ output, numTensors, names, leftOut, notes, config }: ConvertedCheckpoint): string {
  return [
    ...notes,
    `Wrote ${formatCount(numTensors, 'tensor')} with ${names} names to ${output}.`,
    ...(config === undefined ? [] : [configLine(config)]),
    ...(leftOut.length > 0 ? [`Left out, no part of LXMERT: ${leftOut.join(', ')}.`] : []),
  ].join('\n');
}

function configLine({ file, outcome, numAttentionHeads }: WrittenConfig): string {
  switch (outcome) {
    case 'written':
      return `Wrote ${file}, with ${numAttentionHeads} attention heads.`;
    case 'kept':
      return `${file} was there and stays as it is.`;
    case 'unknown heads':
      return `No ${file} was written: weights do not tell the number of attention heads. Name it with --attention-heads, or the model's configuration with --model-config.`;
  }
}
