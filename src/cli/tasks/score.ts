/** @file `lxmert score TASK`, made from a task that has official metrics. */

import { z } from 'zod';
import type { ScoreDefinition } from '../../tasks/index.js';
import { type Command, defineCommand } from '../command.js';
import { existingFile } from '../options.js';

/** The command of a task. */
export function scoreCommand({ help, predictions, flags, run, render }: ScoreDefinition): Command {
  return defineCommand({
    ...help,
    arguments: z.strictObject({ predictions: existingFile().describe(predictions) }),
    options: z.strictObject(flags),
    run: ({ arguments: { predictions: file }, options, signal }) => run(file, options, signal),
    render,
  });
}
