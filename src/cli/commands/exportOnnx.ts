/** @file `lxmert export onnx`. */

import { z } from 'zod';
import { type ExportedModel, exportModel } from '../../export/index.js';
import { formatBytes } from '../../formats/numbers.js';
import { GRAPH_OUTPUTS, PRECISIONS } from '../../runtime/index.js';
import { defineCommand } from '../command.js';
import { untoldOptions } from '../modelOptions.js';
import { existingFile, outputPath, weightsPath } from '../options.js';

export const command = defineCommand({
  description:
    'Writes a trained model as an ONNX graph with its tokenizer, answers and settings beside it, in the layout of ' +
    'transformers.js and optimum: a folder that answers wherever ONNX Runtime or OpenVINO runs, without libtorch. ' +
    'Batch, words and regions may be of any number, and padding counts for nothing. The same command with another ' +
    'precision adds it to the folder.',
  examples: [
    { command: 'lxmert export onnx runs/vqa --out exported/vqa', does: 'writes a run in float32' },
    {
      command: 'lxmert export onnx runs/vqa --out exported/vqa --precision float16',
      does: 'adds the same in half the bytes',
    },
    {
      command:
        'lxmert export onnx model_LXRT.pth --vocab vocab.txt --out exported/base --outputs matching,attentions,pooled',
      does: 'writes the matching head of the published weights, with attention maps and the pooled vector',
    },
  ],
  needsLibtorch: true,
  arguments: z.strictObject({
    model: weightsPath().describe(
      'Run folder, folder of Hugging Face, or a weights file (.pth, .bin, .safetensors; FILE#KEY for one of several in it)',
    ),
  }),
  options: z.strictObject({
    out: outputPath().describe('Folder to write, or one with an export of the same model'),
    precision: z.enum(PRECISIONS).default('float32').describe('Format of the weights'),
    outputs: z
      .array(z.enum(GRAPH_OUTPUTS))
      .min(1)
      .optional()
      .describe(
        "What the graph gives [default: the folder's own, else answers and matching of the model's heads]",
      ),
    externalData: z
      .boolean()
      .default(false)
      .describe('Put the weights into a file of their own (.onnx_data), as is always done over 2 GB'),
    weights: z.enum(['BEST', 'LAST']).default('BEST').describe('Weights of a run folder'),
    vocab: existingFile().optional().describe('Vocabulary file, for a weights file (BERT vocab.txt)'),
    answers: existingFile().optional().describe('Answer table (label2ans JSON), for a weights file'),
    ...untoldOptions,
    objectNames: existingFile()
      .optional()
      .describe("Names of the detector's objects, to go into the folder (objects_vocab.txt)"),
    attributeNames: existingFile()
      .optional()
      .describe("Names of the detector's attributes, likewise (attributes_vocab.txt)"),
  }),
  run: async ({ arguments: { model }, options, progress, notice, signal }) => {
    const display = progress('writing', 'MB');
    try {
      const { weights, vocab, answers, attentionHeads, modelConfig, ...others } = options;
      return await exportModel({
        ...others,
        source: {
          model,
          weights,
          vocabulary: vocab,
          answers,
          numAttentionHeads: attentionHeads,
          modelConfig,
          say: notice,
        },
        progress: { update: (done, total) => display.update(megabytes(done), megabytes(total)) },
        signal,
      });
    } finally {
      display.stop();
    }
  },
  json: ({ folder, precision, written, manifest, notes }: ExportedModel) => ({
    folder,
    precision,
    file: written.model,
    externalData: written.externalData ?? null,
    manifest,
    notes,
  }),
  render,
});

function render({ folder, precision, written, manifest, notes }: ExportedModel): string {
  const { model, externalData } = written;
  const apart =
    externalData === undefined ? '' : `, and ${formatBytes(externalData.numBytes)} in ${externalData.path}`;
  return [
    ...notes,
    `Wrote ${manifest.outputs.join(', ')} in ${precision}: ${formatBytes(model.numBytes)} in ${model.path}${apart}.`,
    `Ask it: lxmert answer --model ${folder} PICTURE "QUESTION"`,
  ].join('\n');
}

function megabytes(numBytes: number): number {
  return Math.ceil(numBytes / 1e6);
}
