/** @file Names of the detector's objects and attributes: Visual Genome's vocabulary files. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { LxmertError, unreadable } from '../../common/errors.js';
import { BOTTOM_UP_ATTENTION, type DetectorArchitecture } from './architecture.js';

/** The files' names where they are published; looked for beside the detector's weights. */
const OBJECTS_FILE = 'objects_vocab.txt';
const ATTRIBUTES_FILE = 'attributes_vocab.txt';
const MAX_BYTES = 1 << 20;

export interface LabelFiles {
  readonly objects?: string | undefined;
  readonly attributes?: string | undefined;
}

/** Names by class number, from 0; undefined where none are known. */
export class LabelNames {
  constructor(
    private readonly objects: readonly string[] | undefined,
    private readonly attributes: readonly string[] | undefined,
  ) {}

  /**
   * Reads the files that are named, and for one that is not the file of the published name beside the weights, if it is
   * there.
   *
   * @param weights the detector's file
   * @throws UsageError when a named file is missing; LxmertError when one has another number of names than the
   * detector has classes
   */
  static async load(
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

  /** @throws LxmertError for a class that has no name */
  object(id: number): string | undefined {
    return nameOf(this.objects, id, 'object');
  }

  /** @throws LxmertError for a class that has no name */
  attribute(id: number): string | undefined {
    return nameOf(this.attributes, id, 'attribute');
  }
}

function nameOf(names: readonly string[] | undefined, id: number, what: string): string | undefined {
  if (names === undefined) return undefined;
  const name = names[id];
  if (name !== undefined) return name;
  throw new LxmertError(
    `There is ${what} number ${id} in the regions, but names for ${names.length} only. The file of names is another detector's.`,
  );
}

/** A name on each line; of synonyms with commas between them the first. The last line may lack its end. */
async function readNames(
  file: string | undefined,
  expected: number,
  what: string,
): Promise<readonly string[] | undefined> {
  if (file === undefined) return undefined;
  const bytes = await readFile(file).catch((error) => {
    throw unreadable(file, error);
  });
  const lines =
    bytes.length > MAX_BYTES
      ? []
      : bytes
          .toString('utf8')
          .replace(/\r?\n$/, '')
          .split(/\r?\n/);
  if (lines.length !== expected) {
    throw new LxmertError(
      `${file} should have ${expected} lines, one for each of the detector's ${what}; it has ${bytes.length > MAX_BYTES ? 'far more' : lines.length}.`,
    );
  }
  return lines.map((line, i) => {
    const name = (line.split(',', 1)[0] as string).trim();
    if (name === '') throw new LxmertError(`${file}, line ${i + 1}: there is no name.`);
    return name;
  });
}
