/** @file The files with the names of a detector's objects and attributes, named or beside its weights. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { unreadable } from '../../common/errors.js';
import { BOTTOM_UP_ATTENTION, type DetectorArchitecture } from './architecture.js';
import { LabelNames, parseNames } from './labelNames.js';

/** The files' names where they are published; looked for beside the detector's weights. */
const OBJECTS_FILE = 'objects_vocab.txt';
const ATTRIBUTES_FILE = 'attributes_vocab.txt';

export interface LabelFiles {
  readonly objects?: string | undefined;
  readonly attributes?: string | undefined;
}

/**
 * Reads the files that are named, and for one that is not the file of the published name beside the weights, if it is
 * there.
 *
 * @param weights the detector's file
 * @throws UsageError when a named file is missing; LxmertError when one has another number of names than the detector has
 * classes
 */
export async function loadLabelNames(
  { objects, attributes }: LabelFiles,
  weights: string | undefined,
  { numClasses, numAttributes }: DetectorArchitecture = BOTTOM_UP_ATTENTION,
): Promise<LabelNames> {
  const beside = (name: string): string | undefined => {
    const file = weights === undefined ? undefined : path.join(path.dirname(weights), name);
    return file !== undefined && existsSync(file) ? file : undefined;
  };
  // The background and "no attribute" have no line.
  return new LabelNames(
    await readNames(objects ?? beside(OBJECTS_FILE), numClasses - 1, 'objects'),
    await readNames(attributes ?? beside(ATTRIBUTES_FILE), numAttributes - 1, 'attributes'),
  );
}

async function readNames(
  file: string | undefined,
  expected: number,
  what: string,
): Promise<readonly string[] | undefined> {
  if (file === undefined) return undefined;
  const bytes = await readFile(file).catch((error) => {
    throw unreadable(file, error);
  });
  return parseNames(bytes, { file, expected, what });
}
