/** @file `lxmert launch`. */

import path from 'node:path';
import { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import { packageRoot } from '../../common/version.js';
import { launchProcesses } from '../../train/distributed/launchProcesses.js';
import { defineCommand } from '../command.js';

/** First words of the commands whose processes share the work. */
const SHARING_COMMANDS = ['finetune', 'pretrain', 'extract', 'predict'];

export const command = defineCommand({
  description:
    'Starts several processes of one training, extraction or prediction on this machine, each with its share of the work ' +
    'and of the cores, or with a GPU of its own. The first process speaks as usual; lines of the others carry their number. Ends with the exit code of the ' +
    'first process that failed. On several machines use torchrun or srun instead: see docs/how-to/distributed.md.',
  examples: [
    {
      command: 'lxmert launch --processes 2 -- finetune vqa --config configs/vqa.toml --output runs/vqa',
      does: 'trains on two processors of one machine',
    },
    {
      command: 'lxmert launch --gpus 0,1,2,3 -- pretrain --config configs/pretrain.toml --precision bfloat16',
      does: 'pre-trains on four GPUs, one process on each',
    },
  ],
  arguments: z.strictObject({
    words: z.array(z.string()).min(1).describe("What would follow 'lxmert', after --"),
  }),
  options: z.strictObject({
    processes: z
      .int()
      .min(1)
      .max(1024)
      .optional()
      .describe('Processes to start, unless --gpus says how many'),
    gpus: z
      .string()
      .regex(/^[^\s,]+(,[^\s,]+)*$/, 'expected numbers or UUIDs of GPUs with commas between, such as 0,1')
      .optional()
      .describe("GPUs, one process on each: numbers or UUIDs as 'lxmert doctor' lists them")
      .meta({ valueName: 'LIST' }),
    grace: z
      .number()
      .gt(0)
      .default(120)
      .describe('Seconds that the others may take to save and end after one has failed')
      .meta({ valueName: 'SECONDS' }),
  }),
  async run({ arguments: { words }, options, notice, signal }) {
    if (!SHARING_COMMANDS.includes(words[0] ?? '')) {
      throw new UsageError(
        `'lxmert ${words[0]}' does not work in several processes. Commands that do: ${SHARING_COMMANDS.join(', ')}.`,
      );
    }
    const gpus = gpusOf(options.gpus);
    if ((gpus === undefined) === (options.processes === undefined)) {
      throw new UsageError('Say how many: give either --processes or --gpus.');
    }
    const program = path.join(packageRoot(), 'dist/src/cli/main.js');
    const { exitCode, failed } = await launchProcesses({
      numProcesses: gpus?.length ?? options.processes ?? 1,
      gpus,
      command: [process.execPath, program, ...words],
      graceSeconds: options.grace,
      signal,
      say: notice,
    });
    if (failed !== undefined) notice(`Process ${failed} ended first, with exit code ${exitCode}.`);
    return { exitCode, failed: failed ?? null };
  },
  render: () => '',
  exitCode: ({ exitCode }) => exitCode,
});

/** @throws UsageError for a GPU that is named twice */
function gpusOf(list: string | undefined): readonly string[] | undefined {
  const gpus = list?.split(',');
  const twice = gpus?.find((gpu, i) => gpus.indexOf(gpu) !== i);
  if (twice !== undefined)
    throw new UsageError(`--gpus names the GPU ${twice} twice; each takes one process.`);
  return gpus;
}
