/** @file Schemas of paths that a person names, and what a schema can say of itself for help. */

import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { UsageError } from './errors.js';
import { hubNameOf } from './hubName.js';
import { quickstartAround } from './sampleAssets.js';
import { runWeightsIn, savedWeightsIn } from './savedFiles.js';

declare module 'zod' {
  interface GlobalMeta {
    /** What stands for the value in help, as in `--output FILE`. Chosen from the type when absent. */
    valueName?: string | undefined;
    /** A one-letter form of the flag. */
    short?: string | undefined;
    /** Set by the schemas of this file. */
    pathKind?: 'file' | 'folder' | 'either' | 'new' | undefined;
    /** What a model's name on a hub stands for in its place. Set by the schemas of this file. */
    hubKind?: HubKind | undefined;
    /** What a value must be, as in "an existing file". Set by the schemas of this file where the kind of path is not all. */
    expectation?: string | undefined;
  }
}

/** The model's folder; or the file of its weights, of a detector's exported folder the folder. */
export type HubKind = 'model' | 'weights' | 'detector';

/**
 * A path to a file that must exist.
 *
 * @param isOther tells what may be given in place of a path
 */
export function existingFile(isOther?: (value: string) => boolean): z.ZodString {
  return pathThat('file', (found) => found.isFile(), 'a file', undefined, undefined, isOther);
}

/** Paths to one or more files that must exist, which are taken together: shards, or the parts of a split. */
export function existingFiles(): z.ZodArray<z.ZodString> {
  return z.array(existingFile()).min(1);
}

/** A path to a folder that must exist. */
export function existingFolder(): z.ZodString {
  return pathThat('folder', (found) => found.isDirectory(), 'a folder');
}

/** A path to a file or folder that must exist. */
export function existingPath(): z.ZodString {
  return pathThat('either', () => true, 'a file or folder');
}

/**
 * A weights file that must exist; `FILE#KEY` names one of several models in it. A folder that `save_pretrained` wrote and a name on
 * a hub stand for the weights in it.
 *
 * @param orWord what may be given in place of a path
 */
export function weightsFile(orWord?: string): z.ZodString {
  return pathThat(
    'file',
    (found, file) => found.isFile() || savedWeightsIn(file) !== undefined,
    'a file',
    withoutKey,
    'weights',
    (value) => value === orWord,
  ).meta({
    expectation: `a weights file, or its name on a hub${orWord === undefined ? '' : `, or '${orWord}'`}`,
  });
}

/** Weights that must exist: a file, of several models in it `FILE#KEY`, or a folder that holds them, or their name on a hub. */
export function weightsPath(): z.ZodString {
  return pathThat('either', () => true, 'a file or folder', withoutKey, 'model');
}

/** Weights of a region detector, or their name on a hub. */
export function detectorPath(): z.ZodString {
  return pathThat('either', () => true, 'a file or folder', undefined, 'detector');
}

function withoutKey(value: string): string {
  return existsSync(value) ? value : value.replace(/(?<=.)#[^#]*$/, '');
}

/** A path that will be written; nothing is asked of it yet. */
export function outputPath(): z.ZodString {
  return z.string().min(1).meta({ pathKind: 'new' });
}

/** The same of a file: a folder of its name is told before any work for it is done. */
export function outputFile(): z.ZodString {
  return outputPath()
    .superRefine((value, check) => {
      if (value === '' || statSync(value, { throwIfNoEntry: false })?.isDirectory() !== true) return;
      const message = `'${value}' is a folder, not a file to write`;
      check.addIssue({ code: 'custom', message });
    })
    .meta({ pathKind: 'new' });
}

/** @throws UsageError for a file that would be replaced without --overwrite */
export function refuseFileThere(output: string): void {
  if (!existsSync(output)) return;
  throw new UsageError(
    `'${output}' is already there. Name another file with --output, or replace it with --overwrite.`,
  );
}

function pathThat(
  pathKind: 'file' | 'folder' | 'either',
  accept: (found: { isFile(): boolean; isDirectory(): boolean }, file: string) => boolean,
  wanted: string,
  fileOf: (value: string) => string = (value) => value,
  hubKind?: HubKind,
  isOther: (value: string) => boolean = () => false,
): z.ZodString {
  return z
    .string()
    .superRefine((value, check) => {
      if (isOther(value)) return;
      const found = value === '' ? undefined : statSync(fileOf(value), { throwIfNoEntry: false });
      if (found === undefined) {
        if (hubKind !== undefined && hubNameOf(value) !== undefined) return;
        const where = path.isAbsolute(value) ? '' : ` (looked in ${process.cwd()})`;
        const message = `there is no ${wanted.slice(2)} '${value}'${where}${unfinishedQuickstart(value)}`;
        check.addIssue({ code: 'custom', message });
      } else if (!accept(found, fileOf(value))) {
        const kind = found.isDirectory() ? 'a folder' : found.isFile() ? 'a file' : 'something else';
        const way = hubKind === 'weights' ? weightsOfRun(value) : '';
        check.addIssue({ code: 'custom', message: `'${value}' is ${kind}, not ${wanted}${way}` });
      }
    })
    .meta({ pathKind, ...(hubKind !== undefined && { hubKind }) });
}

function weightsOfRun(folder: string): string {
  const weights = runWeightsIn(folder);
  return weights === undefined ? '' : `; the weights of this run are ${weights}`;
}

/** What is missing in the folder of a quickstart was not made yet. */
function unfinishedQuickstart(value: string): string {
  const folder = quickstartAround(value);
  return folder === undefined
    ? ''
    : `; the quickstart in '${folder}' was not finished: 'lxmert quickstart' goes on with it`;
}
