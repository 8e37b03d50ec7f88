/** @file `lxmert doctor`. */

import { z } from 'zod';
import { type Diagnosis, diagnoseFiles, renderDiagnosis } from '../../diagnosis/index.js';
import { examine, renderExamination } from '../../torch/doctor.js';
import { defineCommand } from '../command.js';
import { type EngineExamination, onnxRuntimeRows, withOnnxRuntime } from '../models/engineExamination.js';
import { hubRows } from '../models/hubRows.js';

export const command = defineCommand({
  description:
    'Prints what computes on this machine (libtorch, BLAS library and kernel, threads, processor, CUDA; ONNX Runtime, which ' +
    'exported models answer on without libtorch, and whether the model that comes along is whole), ' +
    'measures matrix products, and names what is wrong or slow together with the fix. ' +
    'With --files it looks at files instead: features, weights, annotations, answer tables, predictions, vocabularies, runs, exported folders, ' +
    'pictures, archives. It says what each is, what looks wrong about it, whether those that are named together belong ' +
    'together, and which command takes it; of a large file it reads the beginning, the end and a few samples. ' +
    'Ends with 1 when LXMERT cannot run here, or a file looks wrong.',
  examples: [
    { command: 'lxmert doctor', does: 'examines this machine in a few seconds' },
    { command: 'lxmert doctor --json --no-measure', does: 'prints the facts as JSON without measuring' },
    {
      command: 'lxmert doctor --files downloads features/mine train.json model_LXRT.pth',
      does: 'says what files and folders are, and whether they belong together',
    },
  ],
  arguments: z.strictObject({
    more: z
      .array(z.string().min(1).meta({ pathKind: 'either' }))
      .default([])
      .describe('Further files and folders, behind --files'),
  }),
  options: z.strictObject({
    files: z
      .array(z.string().min(1).meta({ pathKind: 'either' }))
      .default([])
      .describe('Look at these files and folders, any number of them, instead of the machine'),
    threads: z.int().min(1).max(1024).optional().describe('Measure with this many compute threads'),
    measure: z.boolean().default(true).describe('Do not measure matrix products'),
  }),
  run: async ({ arguments: { more }, options, signal, progress }): Promise<EngineExamination | Diagnosis> => {
    const paths = [...options.files, ...more];
    if (paths.length === 0) {
      const { threads: numThreads, measure } = options;
      return await withOnnxRuntime(await examine({ numThreads, measure, signal }));
    }
    const display = progress('Looking', 'files');
    try {
      return await diagnoseFiles(paths, { progress: display, signal });
    } finally {
      display.stop();
    }
  },
  render: (result) =>
    'files' in result
      ? renderDiagnosis(result)
      : renderExamination(result, [...onnxRuntimeRows(result), ...hubRows(result.hub)]),
  exitCode: (result) => (('files' in result ? result.looksWrong : !result.isUsable) ? 1 : 0),
});
