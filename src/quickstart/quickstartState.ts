/** @file What a quickstart was begun with, kept in its folder so that the same command goes on with it. */

import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomic } from '../common/atomicFile.js';
import { LxmertError, UsageError } from '../common/errors.js';
import { kebabCase } from '../common/kebabCase.js';
import { makeFolder } from '../common/makeFolder.js';
import { QUICKSTART_STATE } from '../common/sampleAssets.js';
import { SAMPLE_FILES } from '../data/sampleWorld/makeSampleWorld.js';

/** What decides a quickstart's numbers. */
export interface QuickstartSettings {
  readonly numImages: number;
  readonly numEpochs: number;
  readonly numBoxes: number;
  readonly hiddenSize: number;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly precision: string;
  readonly seed: number;
}

/** Where its parts lie. */
export const QUICKSTART_FILES = { world: 'world', run: 'run', report: 'report.html' } as const;

/** True for a folder in which a quickstart was begun. */
export function isQuickstart(folder: string): boolean {
  return existsSync(path.join(folder, QUICKSTART_STATE));
}

/**
 * Begins a quickstart in a new folder, or goes on with one. A world that was not whole is taken away, to be drawn anew.
 *
 * @returns whether the world is there already
 * @throws UsageError for a folder of other files, and for a quickstart that was begun with other settings
 */
export async function beginQuickstart(
  folder: string,
  settings: QuickstartSettings,
): Promise<{ readonly hasWorld: boolean; readonly goesOn: boolean }> {
  makeFolder(folder);
  if (!isQuickstart(folder)) {
    if ((await readdir(folder)).length > 0) {
      throw new UsageError(
        `The folder '${folder}' is not empty, and no quickstart that could be gone on with. Name a new one with --output.`,
      );
    }
    await writeFileAtomic(path.join(folder, QUICKSTART_STATE), `${JSON.stringify(settings, null, 1)}\n`);
    return { hasWorld: false, goesOn: false };
  }
  const differences = differencesOf(await readState(folder), settings);
  if (differences.length > 0) {
    throw new UsageError(
      `The quickstart in '${folder}' was begun with ${differences.join('; ')}. Give the same to go on with it, or name a new folder with --output.`,
    );
  }
  const world = path.join(folder, QUICKSTART_FILES.world);
  // Its last file.
  const hasWorld = existsSync(path.join(world, SAMPLE_FILES.world));
  if (!hasWorld) await rm(world, { recursive: true, force: true });
  return { hasWorld, goesOn: true };
}

async function readState(folder: string): Promise<Readonly<Record<string, unknown>>> {
  const file = path.join(folder, QUICKSTART_STATE);
  try {
    return Object(JSON.parse(await readFile(file, 'utf8'))) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw new LxmertError(
      `${file} cannot be read, so nothing says what the quickstart was begun with. Name a new folder with --output.`,
      { cause },
    );
  }
}

/** `--num-images 300, here it is 1500` for each. */
function differencesOf(then: Readonly<Record<string, unknown>>, now: QuickstartSettings): string[] {
  return Object.entries(now)
    .filter(([key, value]) => then[key] !== value)
    .map(([key, value]) => `--${kebabCase(key)} ${String(then[key])}, here it is ${String(value)}`);
}
