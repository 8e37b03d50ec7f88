/** @file What a training command does when it is one of several processes: one speaks and writes. */

import { z } from 'zod';
import { type Progress, silentProgress } from '../common/progress.js';
import { processRank } from '../train/distributed/index.js';
import { type DistributedSettings, RunFolder } from '../train/index.js';
import type { CommandContext } from './command.js';

export const processOptions = {
  accumulationSteps: z
    .int()
    .min(1)
    .default(1)
    .describe('Parts that each process cuts its share of a batch into, to save memory'),
  distributedTimeout: z
    .number()
    .gt(0)
    .default(120)
    .describe('Seconds that a process waits for the others in a step, when there are several')
    .meta({ valueName: 'SECONDS' }),
};

interface Options extends z.output<z.ZodObject<typeof processOptions>> {
  readonly output: string;
  readonly resume: boolean;
}

/** This process. */
export interface OneOfSeveral {
  /** From 0; 0 too for a process that is alone. */
  readonly number: number;
  readonly distributed: DistributedSettings | undefined;
  /** Nothing but in the first. */
  notice(line: string): void;
  openRun(): Promise<RunFolder>;
  /** Does work with a display of its progress, in the first. */
  showing<T>(label: string, unit: string, work: (progress: Progress) => Promise<T>): Promise<T>;
}

/** @throws UsageError for variables of a launcher that contradict each other */
export function thisProcess(
  { output, resume, distributedTimeout }: Options,
  context: Pick<CommandContext<unknown, unknown>, 'progress' | 'notice'>,
): OneOfSeveral {
  const place = processRank();
  const number = place?.rank ?? 0;
  const isFirst = number === 0;
  return {
    number,
    distributed: place && { process: place, timeoutSeconds: distributedTimeout },
    notice: (line) => {
      if (isFirst) context.notice(line);
    },
    openRun: async () => {
      if (!isFirst) return RunFolder.ofOthers(output);
      return resume ? RunFolder.open(output) : RunFolder.create(output);
    },
    showing: async (label, unit, work) => {
      if (!isFirst) return work(silentProgress);
      const display = context.progress(label, unit);
      return work(display).finally(() => display.stop());
    },
  };
}

/** A run that was stopped because another of its processes was asked to stop ends as that one does. */
export function exitCodeOf({ wasInterrupted }: { readonly wasInterrupted: boolean }): number {
  return wasInterrupted ? 143 : 0;
}
