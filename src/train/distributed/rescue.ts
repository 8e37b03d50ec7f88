/** @file Which of the processes that outlive a failure saves the run, where they see the same folder. */

import { open, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { hasErrorCode } from '../../common/errors.js';
import { makeFolder } from '../../common/makeFolder.js';

const NAME = /^rescue-.*\.lock$/;

/** Process 0 goes first: the others wait this long. */
const COURTESY_MILLISECONDS = 1500;

/** True for the one process of a run that asks first. The mark stays, so that no later one saves over it. */
export async function takeRescue(folder: string, runId: string, isFirst: boolean): Promise<boolean> {
  if (!isFirst) await setTimeout(COURTESY_MILLISECONDS);
  makeFolder(folder);
  try {
    await (await open(path.join(folder, `rescue-${runId}.lock`), 'wx')).close();
    return true;
  } catch (error) {
    if (hasErrorCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Removes the marks of earlier starts. */
export async function clearRescueMarks(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch((): string[] => [])) {
    if (NAME.test(name)) await rm(path.join(folder, name), { force: true });
  }
}
