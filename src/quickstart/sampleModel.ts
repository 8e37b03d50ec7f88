/** @file The model of the sample world, for commands that are told of no other: the quickstart's, or the package's own. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { sampleModelFolder } from '../common/sampleAssets.js';
import { QUICKSTART_DEFAULTS } from './defaults.js';

export interface SampleModelOptions {
  /** Where a quickstart may lie. Default `quickstart`. */
  readonly folder?: string;
  readonly notice: (line: string) => void;
}

/** The run folder of a quickstart that was finished here; without one, the exported folder that comes with the package. */
export function sampleModel({ folder = QUICKSTART_DEFAULTS.folder, notice }: SampleModelOptions): string {
  const run = path.join(folder, 'run');
  // The report is the last thing that a quickstart writes.
  if (existsSync(path.join(folder, 'report.html'))) {
    notice(`No model was named: the quickstart's answers, ${run}.`);
    return run;
  }
  notice('No model was named: the small one of the sample world that comes with lxmert answers.');
  return sampleModelFolder();
}
