/** @file The model of the sample world, for commands that are told of no other: the quickstart's, trained if need be. */

import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { LxmertError, UsageError } from '../common/errors.js';
import { getNumThreads, setNumThreads } from '../torch/index.js';
import { QUICKSTART_DEFAULTS } from './defaults.js';
import { type QuickstartOptions, runQuickstart } from './quickstart.js';

export type SampleModelOptions = Pick<QuickstartOptions, 'progress' | 'notice' | 'signal'> & {
  /** Where the quickstart lies, or is made. Default `quickstart`. */
  readonly folder?: string;
  /** In place of the quickstart's own. */
  readonly settings?: Partial<QuickstartOptions>;
};

/**
 * The run folder of the quickstart's model. Without one it is trained, which takes minutes; what an interruption leaves
 * of that is removed.
 *
 * @returns undefined when the training was interrupted
 * @throws UsageError when the folder holds something else
 */
export async function sampleModel({
  folder = QUICKSTART_DEFAULTS.folder,
  settings = {},
  ...options
}: SampleModelOptions): Promise<string | undefined> {
  const run = path.join(folder, 'run');
  // Training takes as many as suit it.
  const numThreads = getNumThreads();
  // The report is the last thing that a quickstart writes.
  if (existsSync(path.join(folder, 'report.html'))) {
    options.notice(`No model was named: the sample world's, ${run}.`);
    return run;
  }
  if (existsSync(folder)) {
    throw new UsageError(
      `No model was named, and the folder '${folder}' holds no finished quickstart to use instead. Name a model with --model, or finish one elsewhere: lxmert quickstart --output FOLDER, then --model FOLDER/run.`,
    );
  }
  options.notice(
    `No model was named: one of the sample world is trained in '${folder}', once. This takes a few minutes.`,
  );
  let isFinished = false;
  try {
    const { wasInterrupted, report } = await runQuickstart({
      ...QUICKSTART_DEFAULTS,
      ...settings,
      ...options,
      folder,
    });
    isFinished = report !== undefined;
    if (!isFinished && !wasInterrupted) {
      throw new LxmertError('The training ended without a model that answers anything.');
    }
  } catch (error) {
    if (!options.signal.aborted) throw error;
  } finally {
    setNumThreads(numThreads);
    if (!isFinished) await rm(folder, { recursive: true, force: true });
  }
  return isFinished ? run : undefined;
}
