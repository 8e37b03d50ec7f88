/** @file Which weights file of a run folder is meant. */

import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { LxmertError } from '../common/errors.js';
import { quickstartAround } from '../common/sampleAssets.js';
import { RUN_FILES } from '../train/runFolder.js';

/** What a pre-training leaves after each epoch, and when it is interrupted. */
const OF_PRETRAINING = /^(Epoch\d+|LAST)_LXRT\.pth$/;

/**
 * The path of a run's best or last weights: of a pre-training, those with the lowest validation loss, and those that
 * were saved last.
 *
 * @throws LxmertError for a pre-training that has saved none
 */
export function weightsOfRun(folder: string, which: 'BEST' | 'LAST', task: string | undefined): string {
  if (task !== 'pretrain') {
    const file = path.join(folder, `${which}.pth`);
    if (existsSync(file) || which === 'LAST' || !existsSync(path.join(folder, 'LAST.pth'))) return file;
    const isQuickstart = quickstartAround(folder) !== undefined;
    const onward = isQuickstart ? 'lxmert quickstart' : 'the command that began it, with --resume';
    throw new LxmertError(
      `${folder} has no BEST.pth, since no epoch of it has scored above 0 yet. Let the run go on (${onward}), or name ${path.join(folder, 'LAST.pth')} as --model, its weights as they are.`,
    );
  }
  const best = path.join(folder, RUN_FILES.bestPretrained);
  if (which === 'BEST' && existsSync(best)) return best;
  const timeOf = (file: string): number => statSync(path.join(folder, file)).mtimeMs;
  const [last] = readdirSync(folder)
    .filter((name) => OF_PRETRAINING.test(name))
    .sort((a, b) => timeOf(b) - timeOf(a));
  if (last === undefined || which === 'BEST') {
    const wanted = which === 'BEST' ? RUN_FILES.bestPretrained : 'Epoch01_LXRT.pth or a later one';
    throw new LxmertError(
      `${folder} is a pre-training without ${wanted}: it has not finished an epoch yet. Let it go on, or name a weights file.`,
    );
  }
  return path.join(folder, last);
}
