/** @file Names of the detector's objects and attributes: the lines of Visual Genome's vocabulary files. */

import { LxmertError } from '../../common/errors.js';

const MAX_BYTES = 1 << 20;

/** Names by class number, from 0; undefined where none are known. */
export class LabelNames {
  constructor(
    private readonly objects: readonly string[] | undefined,
    private readonly attributes: readonly string[] | undefined,
  ) {}

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

/**
 * A name on each line of a file; of synonyms with commas between them the first. The last line may lack its end.
 *
 * @param expected classes of the detector; undefined: any number
 * @throws LxmertError for another number of lines, and for one without a name
 */
export function parseNames(
  bytes: Uint8Array,
  {
    file,
    expected,
    what,
  }: { readonly file: string; readonly expected: number | undefined; readonly what: string },
): readonly string[] {
  const isTooLarge = bytes.length > MAX_BYTES;
  const lines = isTooLarge
    ? []
    : new TextDecoder()
        .decode(bytes)
        .replace(/\r?\n$/, '')
        .split(/\r?\n/);
  if (isTooLarge || (expected !== undefined && lines.length !== expected)) {
    throw new LxmertError(
      `${file} should have ${expected === undefined ? 'a line' : `${expected} lines, one`} for each of the detector's ${what}; it has ${isTooLarge ? 'far more' : lines.length}.`,
    );
  }
  return lines.map((line, i) => {
    const name = (line.split(',', 1)[0] as string).trim();
    if (name === '') throw new LxmertError(`${file}, line ${i + 1}: there is no name.`);
    return name;
  });
}
