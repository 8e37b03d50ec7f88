/** @file What all processes of a run must have alike, compared before they compute together. */

import { LxmertError } from '../../common/errors.js';
import { contentName } from '../snapshots/sameData.js';

/** Hashes of the data by what was hashed, for which there are words. */
const CONTENTS = 'contents.';

/** A named value that must be the same in all processes. */
export type Agreement = ReadonlyMap<string, string>;

type Value =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Value[]
  | { readonly [key: string]: Value };

/** A nested object as one level: `model.hiddenSize` = `768`. */
export function flattened(value: unknown): Agreement {
  const entries = new Map<string, string>();
  const visit = (part: Value, name: string): void => {
    if (typeof part === 'object' && part !== null && !Array.isArray(part)) {
      for (const [key, inner] of Object.entries(part)) visit(inner, name === '' ? key : `${name}.${key}`);
    } else {
      entries.set(name, JSON.stringify(part) ?? 'undefined');
    }
  };
  visit(value as Value, '');
  return entries;
}

/**
 * The first difference as a sentence, or undefined when there is none.
 *
 * @param first of process 0, in whose order the keys are compared
 */
export function difference(first: Agreement, own: Agreement, rank: number): string | undefined {
  for (const [key, value] of first) {
    const found = own.get(key);
    if (found === value) continue;
    if (key.startsWith(CONTENTS) && found !== undefined) {
      const name = contentName(key.slice(CONTENTS.length));
      return `The processes of this run read different data. What process ${rank} has otherwise than process 0: ${name}.`;
    }
    return `The processes of this run were started differently: ${key} is ${value} in process 0, but ${found ?? 'missing'} in process ${rank}.`;
  }
  for (const [key, value] of own) {
    if (!first.has(key)) {
      return `The processes of this run were started differently: ${key} is missing in process 0, but ${value} in process ${rank}.`;
    }
  }
  return undefined;
}

/** The error that all processes end with. */
export function disagreement(sentence: string): LxmertError {
  return new LxmertError(`${sentence} Start all with the same command, files and version.`);
}
