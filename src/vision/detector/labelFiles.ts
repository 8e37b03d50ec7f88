/** @file The files with the names of a detector's objects and attributes, named or beside its weights. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { unreadable } from '../../common/errors.js';
import { publishedNames } from '../../common/publishedTables.js';
import { LABEL_FILES } from '../../common/savedFiles.js';
import { BOTTOM_UP_ATTENTION, type DetectorArchitecture } from './architecture.js';
import { LabelNames, parseNames } from './labelNames.js';

export interface LabelFiles {
  readonly objects?: string | undefined;
  readonly attributes?: string | undefined;
}

type ClassCounts = Pick<DetectorArchitecture, 'numClasses' | 'numAttributes'>;

/**
 * Reads the files that are named, and for one that is not, of a detector, the file of {@link labelFilesOf}.
 *
 * @param weights the detector's file; undefined: there is none
 * @throws UsageError when a named file is missing; LxmertError when one has another number of names than the detector has
 * classes
 */
export async function loadLabelNames(
  { objects, attributes }: LabelFiles,
  weights: string | undefined,
  { numClasses, numAttributes }: ClassCounts = BOTTOM_UP_ATTENTION,
): Promise<LabelNames> {
  const places = weights === undefined ? {} : labelFilesOf(weights, { numClasses, numAttributes });
  // The background and "no attribute" have no line.
  return new LabelNames(
    await readNames(objects ?? places.objects, numClasses - 1, 'objects'),
    await readNames(attributes ?? places.attributes, numAttributes - 1, 'attributes'),
  );
}

/** The names of the published detector's classes. */
export async function loadPublishedNames(): Promise<LabelNames> {
  const { numClasses, numAttributes } = BOTTOM_UP_ATTENTION;
  const objects = publishedNames('objects', numClasses - 1);
  const attributes = publishedNames('attributes', numAttributes - 1);
  return await loadLabelNames({ objects, attributes }, undefined);
}

/** The files of names beside a detector's weights; for one of as many classes as the published, else its own from the package. */
export function labelFilesOf(
  weights: string,
  { numClasses, numAttributes }: ClassCounts = BOTTOM_UP_ATTENTION,
): LabelFiles {
  return labelFilesIn(path.dirname(weights), { numClasses, numAttributes });
}

/** The files of names that lie in a folder; where they do not, those of the package for as many classes as the published have. */
export function labelFilesIn(
  folder: string,
  { numClasses, numAttributes }: ClassCounts = BOTTOM_UP_ATTENTION,
): LabelFiles {
  const { objects, attributes } = labelFilesBeside(folder);
  return {
    objects: objects ?? publishedNames('objects', numClasses - 1),
    attributes: attributes ?? publishedNames('attributes', numAttributes - 1),
  };
}

/** The files of names that lie in a folder. */
export function labelFilesBeside(folder: string): LabelFiles {
  const beside = (name: string): string | undefined => {
    const file = path.join(folder, name);
    return existsSync(file) ? file : undefined;
  };
  return { objects: beside(LABEL_FILES.objects), attributes: beside(LABEL_FILES.attributes) };
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
