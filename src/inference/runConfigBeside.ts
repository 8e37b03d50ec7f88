/** @file The configuration of the run that a weights file lies in, where it lies in one. */

import { readFile } from 'node:fs/promises';
import { type RunConfig, readRunConfig } from '../train/runConfig.js';

/**
 * Reads it.
 *
 * @returns undefined when there is none, or the file is of another kind: weights converted for Hugging Face lie beside a
 * config.json too
 * @throws LxmertError for one that is damaged
 */
export async function runConfigBeside(file: string): Promise<RunConfig | undefined> {
  const content: unknown = await readFile(file, 'utf8')
    .then(JSON.parse)
    .catch(() => undefined);
  const isRun = typeof content === 'object' && content !== null && 'maxLength' in content;
  return isRun ? await readRunConfig(file) : undefined;
}
