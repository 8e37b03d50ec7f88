/** @file `lxmert export onnx`. */

import { statSync } from 'node:fs';
import { z } from 'zod';
import { CheckpointFile } from '../../checkpoint/index.js';
import { UsageError } from '../../common/errors.js';
import type { Progress } from '../../common/progress.js';
import { savedWeightsIn } from '../../common/savedFiles.js';
import {
  type ExportedDetectorFolder,
  type ExportedModel,
  exportDetector,
  exportModel,
} from '../../export/index.js';
import { formatBytes } from '../../formats/numbers.js';
import { GRAPH_OUTPUTS, PRECISIONS } from '../../runtime/index.js';
import { detectorSource } from '../../vision/detector/weightsFamily.js';
import { defineCommand } from '../command.js';
import { existingFile, outputPath, weightsPath } from '../options.js';
import { untoldOptions } from '../sharedOptions/modelOptions.js';

const options = z.strictObject({
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
  check: z
    .boolean()
    .default(true)
    .describe('Do not compare the graph with the model on a few drawn batches once it is written'),
  weights: z.enum(['BEST', 'LAST']).default('BEST').describe('Weights of a run folder'),
  vocab: existingFile().optional().describe('Vocabulary file, for a weights file (BERT vocab.txt)'),
  answers: existingFile().optional().describe('Answer table (label2ans JSON), for a weights file'),
  ...untoldOptions,
  objectNames: existingFile()
    .optional()
    .describe(
      "Names of the detector's objects, to go into the folder [default for a detector: objects_vocab.txt beside it, else Visual Genome's]",
    ),
  attributeNames: existingFile()
    .optional()
    .describe(
      "Names of the detector's attributes, likewise [default for a detector: attributes_vocab.txt beside it, else Visual Genome's]",
    ),
});

export const command = defineCommand({
  description:
    'Writes a trained model as an ONNX graph with its tokenizer, answers and settings beside it, in the layout of ' +
    'transformers.js and optimum: a folder that answers wherever ONNX Runtime or OpenVINO runs, without libtorch. ' +
    'Batch, words and regions may be of any number, and padding counts for nothing. The same command with another ' +
    "precision adds it to the folder. The region detector's weights (.caffemodel, .pkl, .bin) become two graphs, for " +
    '--detector: of the picture up to the proposals, and of the regions; only --out, --precision (float32, or float16 for ' +
    'files of half the size) and the files of names are for them.',
  examples: [
    { command: 'lxmert export onnx runs/vqa --out exported/vqa', does: 'writes a run in float32' },
    {
      command: 'lxmert export onnx runs/vqa --out exported/vqa --precision float16',
      does: 'adds the same in half the bytes',
    },
    {
      command:
        'lxmert export onnx resnet101_faster_rcnn_final_iter_320000.caffemodel --out exported/detector',
      does: 'writes the region detector, for photos that have no features yet',
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
      "Run folder, folder of Hugging Face, or a weights file (.pth, .bin, .safetensors; FILE#KEY for one of several in it; the region detector's also .caffemodel, .pkl)",
    ),
  }),
  options,
  run: async ({ arguments: { model }, options, progress, notice, signal }) => {
    const display = progress('writing', 'MB');
    const shown: Progress = { update: (done, total) => display.update(megabytes(done), megabytes(total)) };
    try {
      const detector = await detectorIn(model);
      if (detector !== undefined) {
        return await exportDetector({ ...detectorOptionsOf(detector, options), progress: shown, signal });
      }
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
        progress: shown,
        signal,
      });
    } finally {
      display.stop();
    }
  },
  json: (exported) =>
    'regionHead' in exported
      ? exported
      : {
          folder: exported.folder,
          precision: exported.precision,
          file: exported.written.model,
          externalData: exported.written.externalData ?? null,
          check: exported.check ?? null,
          manifest: exported.manifest,
          notes: exported.notes,
        },
  render: (exported) => ('regionHead' in exported ? detectorLines(exported) : modelLines(exported)),
});

/** The file of a detector's weights, by itself or in a folder that `save_pretrained` wrote; undefined for models. */
async function detectorIn(source: string): Promise<string | undefined> {
  const found = statSync(source, { throwIfNoEntry: false });
  const file = found?.isDirectory() === true ? savedWeightsIn(source) : source;
  // Parts of files are models.
  if (file === undefined || found === undefined) return undefined;
  return detectorSource(await CheckpointFile.open(file)) === undefined ? undefined : file;
}

type Options = z.output<typeof options>;

/** @throws UsageError for an option that only models have */
function detectorOptionsOf(detector: string, options: Options) {
  const { out, precision, objectNames, attributeNames } = options;
  const { outputs, vocab, answers, attentionHeads, modelConfig } = options;
  const given = Object.entries({
    '--outputs': outputs,
    '--vocab': vocab,
    '--answers': answers,
    '--attention-heads': attentionHeads,
    '--model-config': modelConfig,
    '--external-data': options.externalData || undefined,
  }).find(([, value]) => value !== undefined);
  if (given !== undefined) {
    throw new UsageError(
      `'${detector}' holds the region detector, which takes --out, --precision, --object-names and --attribute-names alone: leave out ${given[0]}.`,
    );
  }
  if (precision === 'int8') {
    throw new UsageError(
      'The region detector is written in float32, or in float16 for files of half the size; not in int8.',
    );
  }
  return { detector, out, precision, objectNames, attributeNames };
}

function detectorLines({ folder, precision, backbone, regionHead }: ExportedDetectorFolder): string {
  return [
    `Wrote the region detector in ${precision}: ${formatBytes(backbone.numBytes)} in ${backbone.path}, ${formatBytes(regionHead.numBytes)} in ${regionHead.path}.`,
    `Find regions with it: lxmert answer --model FOLDER --detector ${folder} PICTURE "QUESTION"`,
  ].join('\n');
}

function modelLines({ folder, precision, written, manifest, check, notes }: ExportedModel): string {
  const { model, externalData } = written;
  const apart =
    externalData === undefined ? '' : `, and ${formatBytes(externalData.numBytes)} in ${externalData.path}`;
  return [
    ...notes,
    `Wrote ${manifest.outputs.join(', ')} in ${precision}: ${formatBytes(model.numBytes)} in ${model.path}${apart}.`,
    ...(check === undefined
      ? []
      : [
          `Checked with ${check.engine}: it differs from the model by at most ${check.difference.toExponential(1)} of the largest number.`,
        ]),
    ...useLine(folder, manifest),
  ].join('\n');
}

/** The command that asks an export; none for heads that no command asks, such as the pooled vector alone. */
function useLine(
  folder: string,
  { task, heads, imagesPerExample }: ExportedModel['manifest'],
): readonly string[] {
  if (imagesPerExample === 2) {
    return [
      `Predict with it: lxmert predict ${task} FILE --model ${folder} --features FEATURES --output PREDICTIONS`,
    ];
  }
  if (heads.answers !== null) return [`Ask it: lxmert answer --model ${folder} PICTURE "QUESTION"`];
  return heads.matching === null ? [] : [`Ask it: lxmert match --model ${folder} PICTURE "SENTENCE"`];
}

function megabytes(numBytes: number): number {
  return Math.ceil(numBytes / 1e6);
}
