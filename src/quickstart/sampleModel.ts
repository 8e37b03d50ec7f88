/** @file The model of the sample world, for commands that are told of no other: the quickstart's, or the package's own. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { sampleModelFolder } from '../common/sampleAssets.js';
import { QUICKSTART_DEFAULTS } from './defaults.js';
import { isQuickstart, QUICKSTART_FILES } from './quickstartState.js';

export interface SampleModelOptions {
  /** Where a quickstart may lie. Default `quickstart`. */
  readonly folder?: string;
  readonly notice: (line: string) => void;
}

/** The run folder of a quickstart here that has learned something; without one, the exported folder that comes with the package. */
export function sampleModel({ folder = QUICKSTART_DEFAULTS.folder, notice }: SampleModelOptions): string {
  const run = path.join(folder, QUICKSTART_FILES.run);
  // The report is the last thing that a quickstart writes.
  if (existsSync(path.join(folder, QUICKSTART_FILES.report))) {
    notice(`No model was named: the quickstart's answers, ${run}.`);
    return run;
  }
  if (isQuickstart(folder)) {
    const unfinished = `The quickstart in ${folder} was not finished; 'lxmert quickstart' goes on with it.`;
    if (existsSync(path.join(run, 'BEST.pth'))) {
      notice(`No model was named: the quickstart's answers as far as it has learned, ${run}. ${unfinished}`);
      return run;
    }
    notice(unfinished);
  }
  notice('No model was named: the small one of the sample world that comes with lxmert answers.');
  return sampleModelFolder();
}
