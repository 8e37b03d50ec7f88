/** @file `lxmert launch`. */

import path from 'node:path';
import { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import { packageRoot } from '../../common/version.js';
import { launchProcesses } from '../../train/distributed/launchProcesses.js';
import { defineCommand } from '../command.js';

/** First words of the commands whose processes share the work. */
const SHARING_COMMANDS = ['finetune', 'pretrain', 'extract'];

export const command = defineCommand({
  description:
    'Starts several processes of one training or extraction on this machine, each with its share of the work and of the ' +
    'cores. The first process speaks as usual; lines of the others carry their number. Ends with the exit code of the ' +
    'first process that failed. On several machines use torchrun or srun instead: see docs/distributed.md.',
  examples: [
    {
      command: 'lxmert launch --processes 2 -- finetune vqa --config configs/vqa.toml --output runs/vqa',
      does: 'trains on two processors of one machine',
    },
  ],
  arguments: z.strictObject({
    words: z.array(z.string()).min(1).describe("What would follow 'lxmert', after --"),
  }),
  options: z.strictObject({
    processes: z.int().min(1).max(1024).describe('Processes to start'),
    grace: z
      .number()
      .gt(0)
      .default(120)
      .describe('Seconds that the others may take to save and end after one has failed'),
  }),
  async run({ arguments: { words }, options, notice, signal }) {
    if (!SHARING_COMMANDS.includes(words[0] ?? '')) {
      throw new UsageError(
        `'lxmert ${words[0]}' does not work in several processes. Commands that do: ${SHARING_COMMANDS.join(', ')}.`,
      );
    }
    const program = path.join(packageRoot(), 'dist/src/cli/main.js');
    const { exitCode, failed } = await launchProcesses({
      numProcesses: options.processes,
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
